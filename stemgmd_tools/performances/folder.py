"""Read a folder of drum MIDI files, with GMD's metadata as far as the files contain them."""

from __future__ import annotations

import hashlib
import unicodedata
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from stemgmd_tools.errors import LeftOutWarning, PerformanceError, StemgmdWarning, shown
from stemgmd_tools.performances.gmd.errata import with_repairs
from stemgmd_tools.performances.gmd.info_csv import InfoRow
from stemgmd_tools.performances.mapping import NoteMapping
from stemgmd_tools.performances.midi_file import warn_of_repairs
from stemgmd_tools.performances.midi_storage import MidiSource
from stemgmd_tools.performances.smf.file import read_events
from stemgmd_tools.performances.smf.interpret import interpret
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.storage.listing import list_files
from stemgmd_tools.storage.paths import id_problem

SUFFIXES: Final = frozenset({".mid", ".midi", ".smf", ".kar", ".rmi"})
"""Suffixes of MIDI files, in lower case."""
MAPPED_SUFFIX: Final = ".pieces"
"""Suffix of the names of a corpus's MIDI files of nine notes, before ``.mid``."""
BPM_DECIMALS: Final = 3
"""Decimals of a tempo, which MIDI stores in whole microseconds per beat: 138 bpm is read as 137.99993."""


@dataclass(frozen=True, slots=True)
class _MidiFiles:
    """The MIDI files of a folder."""

    source: MidiSource
    names: dict[str, str]
    """Id of each performance -> name of its file, sorted by id."""
    faults: list[str]
    """One line for each file that cannot be used."""


def read_folder(path: Path, *, mapping: NoteMapping = NoteMapping.TD11, strict: bool = False) -> list[Performance]:
    """Return one performance per MIDI file of a folder and all folders below it, sorted by id; or that of one file.

    Hidden files (``.x``) are left out, links are followed. The id is the path below the folder without the suffix. The
    duration is the last onset plus :data:`~stemgmd_tools.performances.midi_file.DECAY_S`. The metadata have
    the keys of :func:`~stemgmd_tools.performances.gmd.dataset.read_gmd`; drummer, style, beat type and split are
    ``""``, session is the file's folder, tempo and time signature are the file's first.

    Files that cannot be used are left out with a warning: they cannot be played, their name is no valid path of a
    corpus, or they share their id with another file.

    :param path: a folder, or one MIDI file, whatever its suffix.
    :param strict: refuse everything if one file cannot be used.
    :warns LeftOutWarning: for each file that cannot be used.
    :warns StemgmdWarning: for each file that had to be repaired (its ``errata`` list the repairs), and for ids that
        some file systems do not distinguish.
    :raises PerformanceError: if there is no MIDI file, none can be used, or ``strict`` and one cannot.
    """
    files = _find(path)
    performances = []
    for id_, name in files.names.items():
        try:
            performances.append(_read_file(files.source, id_, name, mapping))
        except PerformanceError as error:
            files.faults.append(str(error))
    _report_faults(path, sorted(files.faults), len(performances), strict=strict)
    _warn_of_likeness(path, files.names)
    return performances


def _report_faults(path: Path, faults: list[str], usable: int, *, strict: bool) -> None:
    """Warn of every file that cannot be used; raise an error if none can be used, or if ``strict``."""
    if len(faults) == 1 and not usable:
        raise PerformanceError(faults[0])
    for fault in faults:
        warnings.warn(fault, LeftOutWarning, stacklevel=3)
    if not usable:
        raise PerformanceError(f"{path}: none of {len(faults)} MIDI files can be used; the first: {faults[0]}")
    if faults and strict:
        raise PerformanceError(
            f"{path}: {len(faults)} of {len(faults) + usable} MIDI files cannot be used; mend or move them; the first: "
            f"{faults[0]}"
        )


def _find(path: Path) -> _MidiFiles:
    """Return the MIDI files of a folder, or the one that ``path`` is.

    :raises PerformanceError: if there is none.
    """
    if path.is_file():
        return _files_by_id(MidiSource(path.parent), [path.name], [])
    if not path.is_dir():
        raise PerformanceError(f"{path}: no such file or folder; give a MIDI file or a folder of them")
    listing = list_files(path).ending_in(SUFFIXES)
    faults = [f"{fault.path}: {fault.reason}" for fault in listing.faults]
    if not listing.files and not faults:
        raise PerformanceError(f"{path}: no MIDI files ({', '.join(sorted(SUFFIXES))}) in it or below")
    return _files_by_id(MidiSource(path), [file.relative_to(path).as_posix() for file in listing.files], faults)


def _files_by_id(source: MidiSource, names: list[str], faults: list[str]) -> _MidiFiles:
    """Return files by the id of their performance; invalid and duplicate ids are faults."""
    by_id: dict[str, str] = {}
    written: dict[str, str] = {}
    for name in names:
        id_ = str(PurePosixPath(name).with_suffix(""))
        problem = id_problem(id_)
        owner = next((written[key] for key in (id_, f"{id_}{MAPPED_SUFFIX}") if key in written), None)
        if problem:
            faults.append(f"{shown(source.where(name))}: its name {problem}; rename the file")
        elif owner is not None:
            faults.append(f"{source.where(name)}: has the same id as {owner}; rename one of them")
        else:
            by_id[id_] = name
            written |= dict.fromkeys((id_, f"{id_}{MAPPED_SUFFIX}"), name)
    return _MidiFiles(source, dict(sorted(by_id.items())), faults)


def _warn_of_likeness(path: Path, ids: Iterable[str]) -> None:
    """Warn of ids that differ only in case or the encoding of accents, which some file systems do not distinguish."""
    first: dict[str, str] = {}
    for id_ in ids:
        earlier = first.setdefault(unicodedata.normalize("NFC", id_).casefold(), id_)
        if earlier != id_:
            warnings.warn(
                f"{path}: {earlier} and {id_} differ only in case or in the encoding of accents; "
                "a corpus of both cannot be copied to macOS or Windows",
                StemgmdWarning,
                stacklevel=3,
            )


def _read_file(source: MidiSource, id_: str, name: str, mapping: NoteMapping) -> Performance:
    data = source.read(name)
    where = source.where(name)
    events = read_events(data, where)
    reading = interpret(events, where=where, duration_s=None, mapping=mapping)
    session = PurePosixPath(name).parent.as_posix()
    row = InfoRow(
        drummer="",
        session="" if session == "." else session,
        id=id_,
        style="",
        bpm=round(events.bpm, BPM_DECIMALS),
        beat_type="",
        time_signature=events.time_signature,
        midi_filename=name,
        audio_filename="",
        duration=reading.duration_s,
        split="",
    )
    performance = Performance(
        id=id_,
        hits=reading.hits,
        duration_s=reading.duration_s,
        pedal=reading.pedal,
        chokes=reading.chokes,
        metadata={
            **row.metadata(),
            "errata": with_repairs("", reading.repairs),
            "midi_sha256": hashlib.sha256(data).hexdigest(),
            **reading.counts._asdict(),
        },
    )
    warn_of_repairs(where, reading.repairs)
    return performance
