"""Build the manifests of a corpus from the records of its finished jobs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from stemgmd_tools.corpus.folder.attribution import ATTRIBUTION_FILE, attribution_text
from stemgmd_tools.corpus.folder.bank_checks import two_banks
from stemgmd_tools.corpus.folder.identity import Identity
from stemgmd_tools.corpus.folder.kit_rows import KITS
from stemgmd_tools.corpus.folder.records import MIDI, SINGLE_HITS, STEMS, FileEntry, Record, records_of
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.manifest import tables
from stemgmd_tools.manifest.contexts import HitFacts, MidiFile, MidiFiles, PerformanceFacts
from stemgmd_tools.manifest.files import write_manifest
from stemgmd_tools.manifest.frames import frame_of, validate
from stemgmd_tools.manifest.rows import Row, completed, copied, hits_frame, known, written
from stemgmd_tools.manifest.schema import Table
from stemgmd_tools.performances.tables import HIT_DTYPE, Records
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.storage.paths import inside

MANIFEST_FOLDER: Final = "manifests"


def write_manifests(root: Path, identity: Identity) -> dict[str, pd.DataFrame]:
    """Write all manifests of a corpus and its credits; equal corpora give equal bytes.

    :return: the frames by manifest name.
    :raises CorpusError: if records are damaged, or one kit was rendered from two different banks.
    """
    folder = inside(root, MANIFEST_FOLDER, entered=True)
    try:
        frames = _frames(root, identity)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise CorpusError(
            f"{root}: its records are damaged ({type(error).__name__}: {error}); render into another folder with --out"
        ) from error
    for name, frame in frames.items():
        write_manifest(folder, tables.TABLES[name], frame)
    write_bytes(root / ATTRIBUTION_FILE, attribution_text(frames["kits"], identity.source).encode())
    return frames


def _frames(root: Path, identity: Identity) -> dict[str, pd.DataFrame]:
    """Return the manifests of a corpus by name, built from its records."""
    stems = dict(records_of(root, STEMS))
    single_hits = dict(records_of(root, SINGLE_HITS))
    midi = dict(records_of(root, MIDI)) if identity.augmentation is None else _examples(stems.values())
    banks = _banks(root, [*stems.values(), *single_hits.values()])
    for record in stems.values():
        performance = record.content["rows"][0]["performance"]
        if performance not in midi:
            raise CorpusError(
                f"{root}: holds stems of {performance} from a run that was interrupted before its MIDI was written; "
                "run that command again, or render into another folder with --out"
            )
    kits = _kit_rows(root, banks)
    performances = {name: _performance_row(name, record) for name, record in midi.items()}
    parents = {"performances": performances, "kits": kits}
    tracks = (row for record in stems.values() for row in record.content["rows"])
    of_microphones = (row for record in stems.values() for row in record.content.get("microphones", ()))
    single = (row for record in single_hits.values() for row in record.content["rows"])
    rows: dict[str, Iterable[Row]] = {
        "performances": performances.values(),
        "stems": (_joined(tables.STEMS, row, parents) for row in tracks),
        "microphones": (_joined(tables.MICROPHONES, row, parents) for row in of_microphones),
        "single_hits": (_joined(tables.SINGLE_HITS, row, parents) for row in single),
        "kits": kits.values(),
        "augmentations": (
            completed(tables.AUGMENTATIONS, {**row, **known(tables.AUGMENTATIONS, row)})
            for record in stems.values()
            for row in record.content.get("augmentations", ())
        ),
    }
    rate = identity.settings.sample_rate
    hits = hits_frame(HitFacts(name, _hits(midi[name].content), rate) for name in sorted(midi))
    validate(tables.HITS, hits)
    wanted = tables.tables_of(augmented=identity.augmentation is not None, microphones=identity.settings.microphones)
    return {name: hits if name == "hits" else frame_of(table, rows[name]) for name, table in wanted.items()}


def _examples(stems: Iterable[Record]) -> dict[str, Record]:
    """Return the MIDI part of an augmented corpus's records, by performance, in the form of a MIDI job's record."""
    return {
        record.content["rows"][0]["performance"]: Record(
            record.inputs, tuple(FileEntry(*entry) for entry in record.content["midi"]), record.content["performance"]
        )
        for record in stems
    }


def _banks(root: Path, records: list[Record]) -> dict[str, str]:
    """Return kit name -> SHA-256 of the bank that its audio was rendered from; one bank for each kit."""
    banks: dict[str, str] = {}
    for record in records:
        content = record.content
        kit, bank = content["rows"][0]["kit"], content["bank_sha256"]
        if banks.setdefault(kit, bank) != bank:
            raise two_banks(root, kit, banks[kit], bank)
    return banks


def _kit_rows(root: Path, banks: Mapping[str, str]) -> dict[str, Row]:
    """Return the rows of the kits that have banks, by name."""
    stored = dict(records_of(root, KITS))
    return {
        name: completed(tables.KITS, {**stored[name].content, **written(tables.KITS, bank)})
        for name, bank in banks.items()
    }


def _joined(table: Table, row: Row, parents: Mapping[str, Mapping[str, Row]]) -> Row:
    """Return a stored row with the values of its performance and kit."""
    return completed(table, {**row, **copied(table, row, parents)})


def _performance_row(name: str, record: Record) -> Row:
    files = MidiFiles(*(MidiFile(path, sha256) for path, sha256, _ in (FileEntry(*entry) for entry in record.files)))
    content = record.content
    facts = PerformanceFacts(name, content["duration_s"], _hits(content), content["metadata"])
    return {**known(tables.PERFORMANCES, facts), **written(tables.PERFORMANCES, files)}


def _hits(content: Mapping[str, Any]) -> Records:
    """Return the hits of a record."""
    hits = content["hits"]
    return np.array(list(zip(*(hits[name] for name in HIT_DTYPE.names or ()), strict=True)), HIT_DTYPE)
