"""Interpret drum events as the tables of a performance: hits, hi-hat pedal and chokes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances.mapping import UNMAPPED, NoteMapping, lookup
from stemgmd_tools.performances.smf.file import DrumEvents
from stemgmd_tools.performances.smf.track import AFTERTOUCH, CONTROL, NOTE_OFF, NOTE_ON
from stemgmd_tools.performances.tables import CHOKE_DTYPE, HIT_DTYPE, MAX_DURATION_S, PEDAL_DTYPE, Records
from stemgmd_tools.pieces import NOTES, Group, Piece

DECAY_S: Final = 2.0
"""Time after the last onset at which a performance of unknown duration ends."""

HIHAT_PEDAL_CC: Final = 4
PEDAL_DOWN: Final = 90
"""CC4 of a shut hi-hat on the TD-11; higher values, up to 127, are pressure on the shut pedal."""

MIN_OPENNESS_OF_OPEN: Final = 0.15
"""The module decides open or closed when the stick lands, while CC4 lags behind a moving foot: a quarter of GMD's open
strokes carry CC4 of 73 and more, a tenth 90. Therefore an open stroke is never read as shut."""
MAX_OPENNESS_OF_CLOSED: Final = 0.12
"""Likewise, a closed stroke is never read as open."""
PEDAL_LAG_S: Final = 0.1
"""Maximum delay of CC4 behind the foot. Of GMD's open strokes that find the pedal shut, 44 % see it open beyond 0.3
within this time, 12 % saw it so as long before: the foot had begun to rise, and that is how wide the cymbals ring."""

_OPEN_NOTES: Final = [note.number for note in NOTES if note.piece is Piece.HIHAT_OPEN]
_CLOSED_NOTES: Final = [
    note.number for note in NOTES if note.piece is Piece.HIHAT_CLOSED and note.articulation != "hihat_pedal"
]
_CYMBAL_NOTES: Final = [note.number for note in NOTES if note.piece.group is Group.CYMBALS]


class ReadCounts(NamedTuple):
    """Counts of special notes in one file; each is a column of the performance's metadata."""

    duplicate_hits: int
    """Second and later hits of a note on one tick; only the loudest is kept."""
    restrikes: int
    """Note-ons of a note before its note-off; they are hits."""
    zero_length_notes: int
    """Notes whose note-off lies on the tick of their note-on; they are hits."""
    late_hits: int
    """Hits at or after the stated duration; left out."""
    unmapped_notes: int
    """Note-ons without counterpart in the note mapping; left out."""


@dataclass(frozen=True, slots=True, eq=False)
class Reading:
    """The tables of a performance, with counts and repairs of its file."""

    hits: Records
    pedal: Records
    chokes: Records
    duration_s: float
    counts: ReadCounts
    repairs: str = ""
    """Repairs of the file in one line; empty if none."""


def interpret(events: DrumEvents, *, where: str, duration_s: float | None, mapping: NoteMapping) -> Reading:
    """Return the reading of ``events``.

    Note-offs are ignored: they mark the end of a trigger, not of a sound. A note-on while the same
    note is held, a note of length 0 and the louder of two on one tick are hits. See :func:`hihat_openness` for the
    pedal. Poly aftertouch above 0 on a cymbal chokes it; its return to 0 is ignored.

    :raises PerformanceError: if ``duration_s`` is None and there is no hit, or the last hit is later than a day.
    """
    restrikes, zero_length = _count_overlaps(events)
    struck = np.flatnonzero(events.kinds == NOTE_ON)
    notes = lookup(mapping)[events.numbers[struck]]
    unmapped = int(np.count_nonzero(notes == UNMAPPED))
    struck, notes = struck[notes != UNMAPPED], notes[notes != UNMAPPED]
    struck, notes, duplicates = _loudest_per_tick(struck, notes, events)
    times_s = events.times_s[struck]
    if duration_s is None:
        if not len(times_s):
            if not unmapped and events.repairs:
                raise PerformanceError(f"{where}: no notes can be read ({events.repairs}); replace the file")
            if not unmapped:
                raise PerformanceError(f"{where}: no notes, so nothing is played; leave the file out")
            raise PerformanceError(
                f"{where}: no drum hits ({unmapped} notes that the mapping {mapping} does not know); "
                f"leave the file out or choose another mapping: {', '.join(NoteMapping)}"
            )
        duration_s = float(times_s[-1]) + DECAY_S
        if duration_s > MAX_DURATION_S:
            raise PerformanceError(
                f"{where}: its last hit lies at {times_s[-1]:,.0f} s, performances last at most {MAX_DURATION_S:,.0f} s"
            )
    in_time = times_s < duration_s
    hits = np.empty(int(np.count_nonzero(in_time)), HIT_DTYPE)
    hits["time_s"] = times_s[in_time]
    hits["note"] = notes[in_time]
    hits["velocity"] = events.values[struck[in_time]]
    hits["openness"] = hihat_openness(events, struck[in_time], notes[in_time])
    return Reading(
        hits=hits,
        pedal=_pedal_moves(events, duration_s),
        chokes=_chokes(events, duration_s, mapping),
        duration_s=duration_s,
        counts=ReadCounts(duplicates, restrikes, zero_length, int(np.count_nonzero(~in_time)), unmapped),
        repairs=events.repairs,
    )


def hihat_openness(events: DrumEvents, struck: NDArray[np.intp], notes: NDArray[np.integer]) -> NDArray[np.float64]:
    """Return the hi-hat openness, 0 shut .. 1 wide open, of the strokes ``events[struck]``, mapped to ``notes``.

    It follows the last CC4 at or before the stroke, within what the note itself says: open notes stay at or above
    :data:`MIN_OPENNESS_OF_OPEN`, closed ones at or below :data:`MAX_OPENNESS_OF_CLOSED`, the pedal note is 0. Where an
    open note finds the pedal shut, the widest CC4 of the next :data:`PEDAL_LAG_S` counts. Before the first CC4 an open
    note is wide open and a closed one shut. Everything that is not a hi-hat is 0.
    """
    moves = (events.kinds == CONTROL) & (events.numbers == HIHAT_PEDAL_CC)
    pedal = openness_of_cc4(events.values[moves])
    last = np.searchsorted(events.ticks[moves], events.ticks[struck], side="right") - 1
    known = last >= 0
    followed = np.zeros(len(struck))
    followed[known] = pedal[last[known]]
    is_open = np.isin(notes, _OPEN_NOTES)
    lag_ends = np.searchsorted(events.times_s[moves], events.times_s[struck] + PEDAL_LAG_S, side="right")
    for stroke in np.flatnonzero(is_open & known & (followed <= MIN_OPENNESS_OF_OPEN)):
        followed[stroke] = pedal[last[stroke] : lag_ends[stroke]].max()
    is_closed = np.isin(notes, _CLOSED_NOTES)
    openness = np.where(is_open, np.maximum(followed, MIN_OPENNESS_OF_OPEN), 0.0)
    openness[is_open & ~known] = 1.0
    return np.where(is_closed, np.minimum(followed, MAX_OPENNESS_OF_CLOSED), openness)


def openness_of_cc4(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the openness, 0 shut .. 1 wide open, for values of the hi-hat pedal controller."""
    return np.clip(1.0 - values.astype(np.float64) / PEDAL_DOWN, 0.0, 1.0)


def _loudest_per_tick(
    struck: NDArray[np.intp], notes: NDArray[np.int16], events: DrumEvents
) -> tuple[NDArray[np.intp], NDArray[np.int16], int]:
    """Return the strokes by tick, then note, with only the loudest of those that share both; and how many went."""
    velocities = events.values[struck].astype(np.int16)
    order = np.lexsort((-velocities, notes, events.ticks[struck]))
    struck, notes = struck[order], notes[order]
    ticks = events.ticks[struck]
    first = np.ones(len(struck), dtype=bool)
    first[1:] = (np.diff(ticks) != 0) | (np.diff(notes) != 0)
    return struck[first], notes[first], int(np.count_nonzero(~first))


def _count_overlaps(events: DrumEvents) -> tuple[int, int]:
    """Return the number of note-ons of held notes and the number of notes of length 0."""
    of_notes = np.flatnonzero((events.kinds == NOTE_ON) | (events.kinds == NOTE_OFF))
    by_note = of_notes[np.argsort(events.numbers[of_notes], kind="stable")]
    earlier, later = by_note[:-1], by_note[1:]
    after_on = (events.numbers[earlier] == events.numbers[later]) & (events.kinds[earlier] == NOTE_ON)
    restrikes = after_on & (events.kinds[later] == NOTE_ON)
    zero_length = after_on & (events.kinds[later] == NOTE_OFF) & (events.ticks[earlier] == events.ticks[later])
    return int(np.count_nonzero(restrikes)), int(np.count_nonzero(zero_length))


def _pedal_moves(events: DrumEvents, duration_s: float) -> Records:
    """Return the moves of the pedal to a new openness; the last of several on one tick."""
    chosen = np.flatnonzero(
        (events.kinds == CONTROL) & (events.numbers == HIHAT_PEDAL_CC) & (events.times_s < duration_s)
    )
    last_of_tick = np.ones(len(chosen), dtype=bool)
    last_of_tick[:-1] = np.diff(events.ticks[chosen]) != 0
    chosen = chosen[last_of_tick]
    openness = openness_of_cc4(events.values[chosen])
    moved = np.ones(len(chosen), dtype=bool)
    moved[1:] = np.diff(openness) != 0.0
    pedal = np.empty(int(np.count_nonzero(moved)), PEDAL_DTYPE)
    pedal["time_s"] = events.times_s[chosen[moved]]
    pedal["openness"] = openness[moved]
    return pedal


def _chokes(events: DrumEvents, duration_s: float, mapping: NoteMapping) -> Records:
    """Return the hands that close on cymbals."""
    touched = np.flatnonzero((events.kinds == AFTERTOUCH) & (events.values > 0) & (events.times_s < duration_s))
    notes = lookup(mapping)[events.numbers[touched]]
    cymbal = np.isin(notes, _CYMBAL_NOTES)
    chokes = np.empty(int(np.count_nonzero(cymbal)), CHOKE_DTYPE)
    chokes["time_s"] = events.times_s[touched[cymbal]]
    chokes["note"] = notes[cymbal]
    return chokes
