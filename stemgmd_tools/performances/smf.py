"""Standard MIDI files: bytes to drum events in seconds. Tempo, tracks and channels end here."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import mido
import numpy as np
from mido.midifiles.meta import KeySignatureError
from numpy.typing import NDArray

from stemgmd_tools.errors import PerformanceError

DRUM_CHANNEL: Final = 9
"""General MIDI's channel 10, counted from 0."""
DEFAULT_TEMPO_US: Final = 500_000
"""Microseconds per beat where a file does not say (Standard MIDI Files 1.0: 120 bpm)."""
US_PER_S: Final = 1_000_000
MAX_TICK: Final = 1 << 38
"""Above any real file; below it, ticks times microseconds per beat (24 bits) stay exact in 64-bit integers."""

NOTE_OFF: Final = 0x8
NOTE_ON: Final = 0x9
AFTERTOUCH: Final = 0xA
CONTROL: Final = 0xB

_EXPLAINED: Final = (OSError, ValueError, KeySignatureError)
_UNREADABLE: Final = (*_EXPLAINED, EOFError, TypeError, LookupError, ArithmeticError, struct.error)
"""What mido raises on bytes that are not a MIDI file; the first few with words of its own."""

_EVENT_DTYPE: Final = np.dtype([("tick", "i8"), ("kind", "u1"), ("channel", "u1"), ("number", "u1"), ("value", "u1")])


@dataclass(frozen=True, slots=True, eq=False)
class DrumEvents:
    """The notes, poly aftertouch and controllers of one file's drum channel, in file order."""

    ticks: NDArray[np.int64]
    times_s: NDArray[np.float64]
    kinds: NDArray[np.uint8]
    """:data:`NOTE_OFF` (also for a note-on of velocity 0), :data:`NOTE_ON`, :data:`AFTERTOUCH` or :data:`CONTROL`."""
    numbers: NDArray[np.uint8]
    """Note or controller number, 0..127."""
    values: NDArray[np.uint8]
    """Velocity, pressure or controller value, 0..127."""
    bpm: float
    """The first tempo, in beats per minute."""
    time_signature: str
    """The first time signature, written as GMD does: ``4-4``."""
    end_s: float
    """Where the longest track ends."""


@dataclass(slots=True)
class _Raw:
    """What one pass over the messages collects."""

    events: list[tuple[int, int, int, int, int]]
    tempi: list[tuple[int, int]]
    signatures: list[tuple[int, str]]
    end_tick: int


def read_events(data: bytes, where: str) -> DrumEvents:
    """Return the drum events of the MIDI file ``data``.

    Type 0 and type 1 files with any number of tempo changes are read. The drum channel is channel 10 if it has notes,
    else the only channel that has.

    :param where: what to call the file in messages.
    :raises PerformanceError: for bytes that are no whole MIDI file, type 2, SMPTE time division, a tempo of 0, or notes
        on several channels none of which is channel 10.
    """
    try:
        file = mido.MidiFile(file=io.BytesIO(data))
        raw = _collect(file.tracks)
        events = np.array(raw.events, dtype=_EVENT_DTYPE)
    except _UNREADABLE as error:
        explanation = str(error) if isinstance(error, _EXPLAINED) else "it holds a malformed message"
        reason = "it ends too early" if isinstance(error, EOFError) else explanation
        raise PerformanceError(f"{where}: not a whole Standard MIDI File ({reason}); replace the file") from error
    if file.type not in (0, 1):
        raise PerformanceError(f"{where}: MIDI file type {file.type}; types 0 and 1 are read, export it as one of them")
    if file.ticks_per_beat <= 0:
        raise PerformanceError(
            f"{where}: time division {file.ticks_per_beat} (SMPTE or none); only ticks per beat are read, export it so"
        )
    if any(tempo_us == 0 for _, tempo_us in raw.tempi):
        raise PerformanceError(f"{where}: a tempo of 0 microseconds per beat, which stops time; export the file again")
    if raw.end_tick >= MAX_TICK:
        raise PerformanceError(f"{where}: ends at tick {raw.end_tick}, which no real file does; replace the file")
    events = events[np.argsort(events["tick"], kind="stable")]
    events = events[events["channel"] == _drum_channel(events, where)]
    times_s = seconds_of_ticks(events["tick"], raw.tempi, file.ticks_per_beat)
    end_s = float(seconds_of_ticks(np.array([raw.end_tick]), raw.tempi, file.ticks_per_beat)[0])
    first_tempo = min(raw.tempi, key=lambda change: change[0], default=(0, DEFAULT_TEMPO_US))[1]
    signature = min(raw.signatures, key=lambda change: change[0], default=(0, "4-4"))[1]
    return DrumEvents(
        ticks=events["tick"],
        times_s=times_s,
        kinds=events["kind"],
        numbers=events["number"],
        values=events["value"],
        bpm=60.0 * US_PER_S / first_tempo,
        time_signature=signature,
        end_s=end_s,
    )


def _collect(tracks: Sequence[mido.MidiTrack]) -> _Raw:
    raw = _Raw([], [], [], 0)
    for track in tracks:
        tick = 0
        for message in track:
            tick += message.time
            kind = message.type
            if kind == "note_on":
                status = NOTE_ON if message.velocity else NOTE_OFF
                raw.events.append((tick, status, message.channel, message.note, message.velocity))
            elif kind == "note_off":
                raw.events.append((tick, NOTE_OFF, message.channel, message.note, message.velocity))
            elif kind == "control_change":
                raw.events.append((tick, CONTROL, message.channel, message.control, message.value))
            elif kind == "polytouch":
                raw.events.append((tick, AFTERTOUCH, message.channel, message.note, message.value))
            elif kind == "set_tempo":
                raw.tempi.append((tick, message.tempo))
            elif kind == "time_signature":
                raw.signatures.append((tick, f"{message.numerator}-{message.denominator}"))
        raw.end_tick = max(raw.end_tick, tick)
    return raw


def _drum_channel(events: NDArray[np.void], where: str) -> int:
    channels = np.unique(events["channel"][events["kind"] == NOTE_ON]).tolist()
    if DRUM_CHANNEL in channels or not channels:
        return DRUM_CHANNEL
    if len(channels) > 1:
        found = ", ".join(str(channel + 1) for channel in channels) + ", none on channel 10"
        raise PerformanceError(f"{where}: notes on channels {found}; put the drums on channel 10 or alone in the file")
    return int(channels[0])


def seconds_of_ticks(
    ticks: NDArray[np.int64], tempi: Sequence[tuple[int, int]], ticks_per_beat: int
) -> NDArray[np.float64]:
    """Return the time in seconds of each tick.

    :param tempi: (tick, microseconds per beat) of every tempo change, in any order; of two on one tick the later in
        the list holds. Before the first change the tempo is 120 bpm.

    The sum runs in integers (ticks times microseconds per beat), so no error builds up over tempo changes.
    """
    changes = dict(sorted([(0, DEFAULT_TEMPO_US), *tempi], key=lambda change: change[0]))
    starts = np.array(list(changes), dtype=np.int64)
    tempo_us = np.array(list(changes.values()), dtype=np.int64)
    bases = np.concatenate([[0], np.cumsum(np.diff(starts) * tempo_us[:-1])])
    segment = np.searchsorted(starts, ticks, side="right") - 1
    scaled: NDArray[np.int64] = bases[segment] + (ticks - starts[segment]) * tempo_us[segment]
    return scaled / float(ticks_per_beat * US_PER_S)
