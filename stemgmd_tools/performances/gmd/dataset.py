"""Read the Groove MIDI Dataset from a folder or the official zip.

Gillick, Roberts, Engel, Eck, Bamman: "Learning to Groove with Inverse Sequence Transformations", ICML 2019.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from stemgmd_tools.performances.cache import cache_key, load_readings, store_readings
from stemgmd_tools.performances.gmd.errata import errata_of, with_repairs
from stemgmd_tools.performances.gmd.info_csv import InfoRow, read_info
from stemgmd_tools.performances.mapping import NoteMapping
from stemgmd_tools.performances.midi_file import warn_of_repairs
from stemgmd_tools.performances.midi_storage import MidiSource
from stemgmd_tools.performances.smf.file import read_events
from stemgmd_tools.performances.smf.interpret import Reading, interpret
from stemgmd_tools.performances.types import Performance


def read_gmd(path: Path, *, use_cache: bool = True) -> list[Performance]:
    """Return the performances of a copy of GMD, in the order of its ``info.csv``.

    Copies of E-GMD, which has GMD's performances through 43 kits of a drum module, are read too; each performance is
    read once, from its first row.

    :param path: a folder or zip with ``info.csv`` at its top or some folders down.
    :param use_cache: cache the parsed performances in the user's cache until a file of the copy changes.
    :return: one performance per row. Its duration is that of the csv, since the MIDI tracks are up to 277 s longer:
        they contain controllers after the cut. Its metadata hold the columns of the csv by name, ``errata``,
        ``midi_sha256`` and the fields of :class:`~stemgmd_tools.performances.midi_file.ReadCounts`.
    :warns StemgmdWarning: for each file that had to be repaired; its ``errata`` list the repairs.
    :raises PerformanceError: for an invalid csv, and for a file that is missing or cannot be played.
    """
    source = MidiSource.of_gmd(path)
    rows = read_info(source.read(source.table), source.where(source.table))
    files = source.read_many([row.midi_filename for row in rows])
    digests = [hashlib.sha256(data).hexdigest() for data in files]
    key = cache_key([part for row, digest in zip(rows, digests, strict=True) for part in (digest, repr(row.duration))])
    readings = load_readings(key) if use_cache else None
    if readings is None:
        readings = _parse(source, rows, files)
        if use_cache:
            store_readings(key, readings)
    for row, reading in zip(rows, readings, strict=True):
        warn_of_repairs(source.where(row.midi_filename), reading.repairs)
    return [_performance(row, digest, reading) for row, digest, reading in zip(rows, digests, readings, strict=True)]


def _parse(source: MidiSource, rows: Sequence[InfoRow], files: Sequence[bytes]) -> list[Reading]:
    readings = []
    for row, data in zip(rows, files, strict=True):
        where = source.where(row.midi_filename)
        events = read_events(data, where)
        readings.append(interpret(events, where=where, duration_s=row.duration, mapping=NoteMapping.TD11))
    return readings


def _performance(row: InfoRow, digest: str, reading: Reading) -> Performance:
    return Performance(
        id=row.id,
        hits=reading.hits,
        duration_s=reading.duration_s,
        pedal=reading.pedal,
        chokes=reading.chokes,
        metadata={
            **row.metadata(),
            "errata": with_repairs(errata_of(row.id), reading.repairs),
            "midi_sha256": digest,
            **reading.counts._asdict(),
        },
    )
