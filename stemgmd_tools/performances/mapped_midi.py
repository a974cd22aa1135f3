"""Write a performance as MIDI with one note per piece, time-aligned with the rendered audio."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import pretty_midi
from numpy.typing import NDArray

from stemgmd_tools.performances.bars import time_signature
from stemgmd_tools.performances.smf.file import DEFAULT_TEMPO_US, US_PER_S
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES, PIECES, Piece

NOTE_OF_PIECE: Final = {piece: next(note.number for note in NOTES if note.piece is piece) for piece in PIECES}
"""Piece -> note that it is written as: the first of its rows in the note table (heads, bows)."""

GATE_S: Final = 0.1
"""Length of a written note unless the piece is struck again before: GMD's median trigger length."""
MAX_TICK_US: Final = 500
"""Maximum length of a tick, for onsets within 0.25 ms, unless :data:`MAX_TICKS` requires longer ticks."""
GMD_TICKS_PER_BEAT: Final = 480
MAX_TICKS_PER_BEAT: Final = 480 << 6
"""The highest resolution that fits the 15 bits of a MIDI header."""
MAX_TICKS: Final = 9_990_000
"""Maximum number of ticks, since pretty_midi rejects files of more than 10,000,000."""
MIN_TEMPO_US: Final = 60_000
"""The fastest tempo that is written, 1,000 bpm, at which one tick per beat is still below :data:`MAX_TICKS`."""
MAX_TEMPO_US: Final = MAX_TICK_US * MAX_TICKS_PER_BEAT
"""The slowest tempo that is written, 3.9 bpm; slower ones would need longer ticks."""

_PIECE_NOTE: Final = np.zeros(128, np.uint8)
_PIECE_NOTE[[note.number for note in NOTES]] = [NOTE_OF_PIECE[note.piece] for note in NOTES]


def piece_of_note(number: int) -> Piece:
    """Return the piece of a note of a mapped file, the inverse of :data:`NOTE_OF_PIECE`."""
    return {note: piece for piece, note in NOTE_OF_PIECE.items()}[number]


def mapped_midi(performance: Performance) -> bytes:
    """Return ``performance`` as a type 1 MIDI file with one note number per piece (:data:`NOTE_OF_PIECE`).

    Tempo and time signature are those of the metadata (default: 120 bpm, 4-4). Time 0 is the first frame of the audio;
    velocities are unchanged. Onsets are within 0.25 ms in performances of up to 80 minutes, within 1 ms up to five
    hours and 5 ms up to 24 hours: pretty_midi opens no file of more ticks. Of strokes of one piece on one tick (both
    zones of a cymbal), the loudest is written, because one note cannot start twice at once.
    """
    tempo_us = _tempo_us(performance)
    ticks_per_beat = _resolution(tempo_us, _end_s(performance))
    tick_s = tempo_us / (ticks_per_beat * US_PER_S)
    # pretty_midi truncates to whole microseconds per beat; a millionth more keeps rounding from losing one.
    midi = pretty_midi.PrettyMIDI(resolution=ticks_per_beat, initial_tempo=60 * US_PER_S / (tempo_us + 1e-6))
    signature = time_signature(performance)
    if signature:
        midi.time_signature_changes = [pretty_midi.TimeSignature(*signature, 0.0)]
    drums = pretty_midi.Instrument(program=0, is_drum=True, name="Drums")
    starts, ends, notes, velocities = _notes(performance, tick_s)
    drums.notes = [
        pretty_midi.Note(velocity=velocity, pitch=note, start=start * tick_s, end=end * tick_s)
        for start, end, note, velocity in zip(
            starts.tolist(), ends.tolist(), notes.tolist(), velocities.tolist(), strict=True
        )
    ]
    midi.instruments = [drums]
    buffer = io.BytesIO()
    midi.write(buffer)
    return buffer.getvalue()


def _notes(
    performance: Performance, tick_s: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Return start tick, end tick, note and velocity of each written note, by start tick."""
    hits = performance.hits
    ticks = np.rint(hits["time_s"] / tick_s).astype(np.int64)
    notes = _PIECE_NOTE[hits["note"]]
    order = np.lexsort((-hits["velocity"].astype(np.int16), ticks, notes))
    ticks, notes, velocities = ticks[order], notes[order], hits["velocity"][order]
    first = np.ones(len(ticks), dtype=bool)
    first[1:] = (np.diff(ticks) != 0) | (notes[1:] != notes[:-1])
    ticks, notes, velocities = ticks[first], notes[first], velocities[first]
    ends = ticks + max(1, round(GATE_S / tick_s))
    is_repeated = notes[1:] == notes[:-1]
    ends[:-1][is_repeated] = np.minimum(ends[:-1], ticks[1:])[is_repeated]
    by_time = np.lexsort((notes, ticks))
    return ticks[by_time], ends[by_time], notes[by_time], velocities[by_time]


def _tempo_us(performance: Performance) -> int:
    bpm = performance.metadata.get("bpm")
    if not isinstance(bpm, int | float) or not bpm > 0:
        return DEFAULT_TEMPO_US
    return min(max(round(60 * US_PER_S / bpm), MIN_TEMPO_US), MAX_TEMPO_US)


def _end_s(performance: Performance) -> float:
    """Return the end of the last note in seconds."""
    return GATE_S + float(performance.hits["time_s"].max(initial=0.0))


def _resolution(tempo_us: int, end_s: float) -> int:
    """Return GMD's ticks per beat, doubled until a tick is short enough, but below :data:`MAX_TICKS` in all."""
    ticks_per_beat = GMD_TICKS_PER_BEAT
    while tempo_us > MAX_TICK_US * ticks_per_beat and ticks_per_beat < MAX_TICKS_PER_BEAT:
        ticks_per_beat *= 2
    return min(ticks_per_beat, int(MAX_TICKS * tempo_us / (end_s * US_PER_S)))
