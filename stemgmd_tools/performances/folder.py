"""Any folder of drum MIDI files, with the same metadata as GMD as far as the files tell."""

from __future__ import annotations

import hashlib
from pathlib import Path, PurePosixPath
from typing import Final

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.listing import list_files
from stemgmd_tools.performances.info_csv import InfoRow
from stemgmd_tools.performances.mapping import NoteMapping
from stemgmd_tools.performances.midi import interpret
from stemgmd_tools.performances.midi_source import MidiSource
from stemgmd_tools.performances.smf import read_events
from stemgmd_tools.performances.types import Performance

SUFFIXES: Final = frozenset({".mid", ".midi", ".smf"})
"""Compared in lower case."""
BPM_DECIMALS: Final = 3
"""A tempo is stored in whole microseconds per beat: 138 bpm comes back as 137.99993."""


def read_folder(folder: Path, *, mapping: NoteMapping = NoteMapping.TD11) -> list[Performance]:
    """Return one performance per MIDI file below ``folder``, sorted by id; hidden files and folders are left out.

    The id is the path below ``folder`` without the suffix. The duration is the last onset plus
    :data:`~stemgmd_tools.performances.midi.DECAY_S`. The metadata have the keys that
    :func:`~stemgmd_tools.performances.gmd.read_gmd` gives; drummer, style, beat type and split are ``""``, session is
    the file's folder, tempo and time signature are the file's first.

    :raises PerformanceError: if there is no MIDI file, two files share an id, or one cannot be read or has no hit.
    """
    if not folder.is_dir():
        raise PerformanceError(f"{folder}: no such folder; give a folder that holds MIDI files")
    source = MidiSource(folder)
    names = [path.relative_to(folder).as_posix() for path in list_files(folder).ending_in(SUFFIXES).files]
    if not names:
        raise PerformanceError(f"{folder}: no MIDI files ({', '.join(sorted(SUFFIXES))}) in it or below")
    by_id: dict[str, str] = {}
    for name in names:
        id_ = str(PurePosixPath(name).with_suffix(""))
        if id_ in by_id:
            raise PerformanceError(f"{folder}: {by_id[id_]} and {name} would share the id {id_}; rename one")
        by_id[id_] = name
    return [_read_one(source, id_, by_id[id_], mapping) for id_ in sorted(by_id)]


def _read_one(source: MidiSource, id_: str, name: str, mapping: NoteMapping) -> Performance:
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
    return Performance(
        id=id_,
        hits=reading.hits,
        duration_s=reading.duration_s,
        pedal=reading.pedal,
        chokes=reading.chokes,
        metadata={
            **row.metadata(),
            "errata": "",
            "midi_sha256": hashlib.sha256(data).hexdigest(),
            **reading.counts._asdict(),
        },
    )
