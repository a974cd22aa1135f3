"""Read Standard MIDI Files as drum events in seconds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances.smf.chunks import read_header, read_tracks, unwrapped
from stemgmd_tools.performances.smf.track import NOTE_ON, Repairs, TrackReader

T = TypeVar("T")

DRUM_CHANNEL: Final = 9
"""General MIDI's channel 10, counted from 0."""
DEFAULT_TEMPO_US: Final = 500_000
"""Microseconds per beat if a file has no tempo (Standard MIDI Files 1.0: 120 bpm)."""
US_PER_S: Final = 1_000_000
MAX_TICK: Final = 1 << 38
"""Above any real file; below it, ticks times microseconds per beat (24 bits) stay exact in 64-bit integers."""

_SMPTE_RATES: Final = {24: Fraction(24), 25: Fraction(25), 29: Fraction(30_000, 1001), 30: Fraction(30)}
"""Number in the header -> frames per second; 29 is drop-frame time."""

_EVENT_DTYPE: Final = np.dtype([("kind", "u1"), ("channel", "u1"), ("number", "u1"), ("value", "u1")])


@dataclass(frozen=True, slots=True, eq=False)
class DrumEvents:
    """The notes, poly aftertouch and controllers of one file's drum channel, in file order."""

    ticks: NDArray[np.int64]
    times_s: NDArray[np.float64]
    kinds: NDArray[np.uint8]
    """``NOTE_OFF`` (also for a note-on of velocity 0), ``NOTE_ON``, ``AFTERTOUCH`` or ``CONTROL`` of
    :mod:`stemgmd_tools.performances.smf.track`."""
    numbers: NDArray[np.uint8]
    """Note or controller number, 0..127."""
    values: NDArray[np.uint8]
    """Velocity, pressure or controller value, 0..127."""
    bpm: float
    """The first tempo, in beats per minute; of several on one tick the last."""
    time_signature: str
    """The first time signature, written as GMD does: ``4-4``; of several on one tick the last."""
    end_s: float
    """End of the longest track."""
    repairs: str
    """Repairs of the file in one line; empty if none."""


def read_events(data: bytes, where: str) -> DrumEvents:
    """Return the drum events of the MIDI file ``data``.

    Files of type 0 and 1 with any number of tempo changes are read, also in a RIFF wrapper and in SMPTE time. Damaged
    files are repaired as far as possible, and ``repairs`` lists the repairs: wrong counts and lengths, unknown chunks,
    bytes that are no event, truncated files. The drum channel is channel 10 if it has notes, else the only channel with
    notes.

    :param where: name of the file in messages.
    :raises PerformanceError: for bytes that are no MIDI file, several tracks of type 2, a time division of no length,
        or notes on several channels none of which is channel 10.
    """
    repairs = Repairs()
    data = unwrapped(data, repairs)
    header = read_header(data, where, repairs)
    _check_division(header.division, where)
    reader = TrackReader(data, repairs)
    tracks = read_tracks(data, header.end, reader, repairs)
    if not tracks:
        raise PerformanceError(f"{where}: holds no track; replace the file")
    if header.type == 2 and tracks > 1:
        raise PerformanceError(
            f"{where}: MIDI file of type 2, whose {tracks} tracks are pieces of their own; export it as type 0 or 1"
        )
    if header.tracks != tracks:
        repairs.add(f"the header states {header.tracks} as its number of tracks, there are {tracks}")
    if reader.end_tick >= MAX_TICK:
        raise PerformanceError(f"{where}: ends at tick {reader.end_tick}, which no real file does; replace the file")
    ticks = np.array(reader.ticks, np.int64)
    order = np.argsort(ticks, kind="stable")
    events = np.frombuffer(bytes(reader.messages), _EVENT_DTYPE)[order]
    on_drums = events["channel"] == _drum_channel(events, where)
    ticks, events = ticks[order][on_drums], events[on_drums]
    return DrumEvents(
        ticks=ticks,
        times_s=_seconds(ticks, reader.tempi, header.division),
        kinds=events["kind"],
        numbers=events["number"],
        values=events["value"],
        bpm=60.0 * US_PER_S / _first(reader.tempi, DEFAULT_TEMPO_US),
        time_signature=_first(reader.signatures, "4-4"),
        end_s=float(_seconds(np.array([reader.end_tick]), reader.tempi, header.division)[0]),
        repairs=str(repairs),
    )


def _first(changes: Sequence[tuple[int, T]], default: T) -> T:
    """Return the value of the earliest tick of ``changes``: the last of several, ``default`` if there is none."""
    earliest = min((tick for tick, _ in changes), default=0)
    return next((value for tick, value in reversed(changes) if tick == earliest), default)


def _drum_channel(events: NDArray[np.void], where: str) -> int:
    channels = np.unique(events["channel"][events["kind"] == NOTE_ON]).tolist()
    if DRUM_CHANNEL in channels or not channels:
        return DRUM_CHANNEL
    if len(channels) > 1:
        listed = ", ".join(str(channel + 1) for channel in channels) + ", none on channel 10"
        raise PerformanceError(f"{where}: notes on channels {listed}; put the drums on channel 10 or alone in the file")
    return int(channels[0])


def _check_division(division: int, where: str) -> None:
    """Check that a time division is valid.

    :raises PerformanceError: for 0, and for SMPTE time of a rate that does not exist.
    """
    rate, ticks_per_frame = _smpte(division)
    if division == 0 or (division < 0 and (rate not in _SMPTE_RATES or not ticks_per_frame)):
        rates = ", ".join(map(str, _SMPTE_RATES))
        raise PerformanceError(
            f"{where}: time division {division}; it must be ticks per beat, or SMPTE time of {rates} frames per second"
        )


def _smpte(division: int) -> tuple[int, int]:
    """Return frames per second and ticks per frame of a division below 0."""
    return -(division >> 8), division & 0xFF


def _seconds(ticks: NDArray[np.int64], tempi: Sequence[tuple[int, int]], division: int) -> NDArray[np.float64]:
    """Return the time in seconds of each tick; in SMPTE time, tempi make no difference."""
    if division > 0:
        return seconds_of_ticks(ticks, tempi, division)
    rate, ticks_per_frame = _smpte(division)
    ticks_per_s = _SMPTE_RATES[rate] * ticks_per_frame
    scaled: NDArray[np.int64] = ticks * ticks_per_s.denominator
    return scaled / float(ticks_per_s.numerator)


def seconds_of_ticks(
    ticks: NDArray[np.int64], tempi: Sequence[tuple[int, int]], ticks_per_beat: int
) -> NDArray[np.float64]:
    """Return the time in seconds of each tick.

    :param tempi: (tick, microseconds per beat) of every tempo change, in any order; of two on one tick the later in
        the list is used. Before the first change the tempo is 120 bpm.

    The sum runs in integers (ticks times microseconds per beat), so no error builds up over tempo changes.
    """
    changes = dict(sorted([(0, DEFAULT_TEMPO_US), *tempi], key=lambda change: change[0]))
    starts = np.array(list(changes), dtype=np.int64)
    tempo_us = np.array(list(changes.values()), dtype=np.int64)
    bases = np.concatenate([[0], np.cumsum(np.diff(starts) * tempo_us[:-1])])
    segment = np.searchsorted(starts, ticks, side="right") - 1
    scaled: NDArray[np.int64] = bases[segment] + (ticks - starts[segment]) * tempo_us[segment]
    return scaled / float(ticks_per_beat * US_PER_S)
