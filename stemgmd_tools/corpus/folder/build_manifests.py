"""Build the manifests of a corpus from the records of its finished jobs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pandas as pd

from stemgmd_tools import units
from stemgmd_tools.corpus.folder.bank_checks import two_banks
from stemgmd_tools.corpus.folder.identity import Identity
from stemgmd_tools.corpus.folder.kit_rows import KITS, Row, one_line
from stemgmd_tools.corpus.folder.records import MIDI, SINGLE_HITS, STEMS, FileEntry, Record, records_of
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.manifest import tables
from stemgmd_tools.manifest.files import write_manifest
from stemgmd_tools.manifest.frames import frame_of
from stemgmd_tools.pieces import note_of
from stemgmd_tools.storage.paths import inside

MANIFEST_FOLDER: Final = "manifests"


def write_manifests(root: Path, identity: Identity) -> dict[str, pd.DataFrame]:
    """Write all manifests of a corpus; equal corpora give equal bytes.

    :return: the frames by manifest name.
    :raises CorpusError: if records are damaged, or one kit was rendered from two different banks.
    """
    folder = inside(root, MANIFEST_FOLDER, entered=True)
    try:
        frames = _frames(root, identity)
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        raise CorpusError(
            f"{root}: its records are damaged ({type(error).__name__}: {error}); render into another folder with --out"
        ) from error
    for name, frame in frames.items():
        write_manifest(folder, tables.TABLES[name], frame)
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
    kits = {name: record.content for name, record in records_of(root, KITS) if name in banks}
    splits = {name: _split(record.content) for name, record in midi.items()}
    rate = identity.settings.sample_rate
    rows: dict[str, Iterator[Row]] = {
        "performances": (_performance_row(name, record) for name, record in midi.items()),
        "stems": (_stem_row(row, record, kits, splits) for record in stems.values() for row in record.content["rows"]),
        "hits": (row for name, record in midi.items() for row in _hit_rows(name, record.content, rate)),
        "single_hits": (
            _single_hit_row(row, record, kits) for record in single_hits.values() for row in record.content["rows"]
        ),
        "kits": ({**kits[name], "bank_sha256": bank} for name, bank in banks.items()),
        "augmentations": (row for record in stems.values() for row in record.content.get("augmentations", ())),
    }
    wanted = tables.tables_of(augmented=identity.augmentation is not None)
    return {name: frame_of(table, rows[name]) for name, table in wanted.items()}


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


def _split(content: Mapping[str, Any]) -> str | None:
    return content["metadata"].get("split") or None


def _performance_row(name: str, record: Record) -> Row:
    source, mapped = (FileEntry(*entry) for entry in record.files)
    files = {
        "midi_path": source.path,
        "midi_hash": source.sha256,
        "mapped_midi_path": mapped.path,
        "mapped_midi_hash": mapped.sha256,
    }
    content = record.content
    return performance_row(name, content["duration_s"], len(content["hits"]["note"]), content["metadata"], files)


def performance_row(name: str, duration_s: float, hits: int, metadata: Mapping[str, Any], files: Row) -> Row:
    """Return the row of the manifest ``performances``.

    :param files: the columns of its MIDI files.
    """
    row: Row = {
        "performance": name,
        "duration_s": duration_s,
        "gmd_split": metadata.get("split") or None,
        "hits": hits,
        **files,
    }
    for column in tables.PERFORMANCES.names:
        if column not in row:
            row[column] = one_line(metadata.get(column))
    return row


def _stem_row(row: Row, record: Record, kits: Mapping[str, Row], splits: Mapping[str, str | None]) -> Row:
    return {
        **row,
        "kit_hash": record.content["kit_hash"],
        "gmd_split": splits.get(row["performance"]),
        "kit_split": kits[row["kit"]]["kit_split"],
    }


def _single_hit_row(row: Row, record: Record, kits: Mapping[str, Row]) -> Row:
    return {**row, "kit_hash": record.content["kit_hash"], "kit_split": kits[row["kit"]]["kit_split"]}


def _hit_rows(name: str, content: Mapping[str, Any], sample_rate: int) -> Iterator[Row]:
    hits = content["hits"]
    columns = zip(hits["time_s"], hits["note"], hits["velocity"], hits["openness"], strict=True)
    for index, (time_s, number, velocity, openness) in enumerate(columns):
        note = note_of(number)
        yield {
            "performance": name,
            "index": index,
            "time_s": time_s,
            "frame": units.frames_of(time_s, sample_rate),
            "note": number,
            "piece": note.piece.value,
            "articulation": note.articulation,
            "velocity": velocity,
            "openness": openness,
        }
