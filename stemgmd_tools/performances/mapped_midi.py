"""Write a performance as MIDI with one note per piece, time-aligned with the rendered audio."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import pretty_midi
from numpy.typing import NDArray

from stemgmd_tools.performances.pretty import GATE_S, TickGrid, empty_pretty_midi
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES, PIECES, Piece

NOTE_OF_PIECE: Final = {piece: next(note.number for note in NOTES if note.piece is piece) for piece in PIECES}
"""Piece -> note that it is written as: the first of its rows in the note table (heads, bows)."""

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
    grid = TickGrid.of(performance.metadata, float(performance.hits["time_s"].max(initial=0.0)))
    midi, drums = empty_pretty_midi(performance.metadata, grid)
    tick_s = grid.tick_s
    starts, ends, notes, velocities = _notes(performance, tick_s)
    drums.notes = [
        pretty_midi.Note(velocity=velocity, pitch=note, start=start * tick_s, end=end * tick_s)
        for start, end, note, velocity in zip(
            starts.tolist(), ends.tolist(), notes.tolist(), velocities.tolist(), strict=True
        )
    ]
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
