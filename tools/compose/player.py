"""Play a tab with human variation: strokes, hi-hat pedal and chokes as timed MIDI messages.

Timing and force vary with every stroke, drawn from the stream of the tune's id. Times are in seconds from the start.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.performances.smf.interpret import HIHAT_PEDAL_CC, PEDAL_DOWN
from stemgmd_tools.performances.smf.track import AFTERTOUCH, CONTROL, NOTE_OFF, NOTE_ON
from stemgmd_tools.pieces import NOTE_OF_ARTICULATION
from stemgmd_tools.seeds import stream
from tools.compose.tab import CHOKE, PEDAL, REST, Tab

STARTER_SEED: Final = 0

PLAIN_FORCE: Final = {"g": 27, "o": 56, "x": 82, "X": 108, "!": 127}
MAIN_FORCE: Final = {"f": 106, "d": 98}
GRACE_S: Final = {"f": (0.034,), "d": (0.074, 0.036)}
"""Lead of the grace notes before the main stroke."""
GRACE_FORCE: Final = 36
BUZZ_S: Final = 0.031
"""Interval between the bounces of a buzz roll: about 32 per second."""
BUZZ_FORCE: Final = (54, 26)
"""First and last bounce of a step."""
DOUBLE_FORCE: Final = (70, 64)

FORCE_SPREAD: Final = 7.0
"""Standard deviation of MIDI velocity, before it is limited."""
GATE_S: Final = 0.1
"""How long a pad reports a note; bounces come sooner, so rolls are full of re-strikes, as in GMD."""
GRIP_S: Final = 0.22
"""How long a hand stays on a choked cymbal."""

LAST_ONSET_S: Final = 0.02
"""Least distance of an onset from the end."""
FOOT_LEAD_S: Final = 0.022
"""The foot arrives this long before its stroke."""
FOOT_MOVE_S: Final = 0.045
"""Duration of a move of the foot."""
FOOT_REPORTS: Final = 5
"""Controller messages per move."""
SPLASH_OPEN: Final = 8

CHOKED_NOTES: Final = {
    "1": ("crash1_bow", "crash1_edge"),
    "2": ("crash2_bow", "crash2_edge"),
    "R": ("ride_bow", "ride_edge"),
}
"""A drum module reports a grip on every zone of the cymbal."""


class Event(NamedTuple):
    """One MIDI message."""

    time_s: float
    kind: int
    number: int
    value: int


@dataclass(frozen=True, slots=True)
class Feel:
    """Playing style of a tune."""

    swing: float = 0.0
    """Delay of every second step, in steps."""
    timing_s: float = 0.005
    """Standard deviation of onsets."""
    swell: tuple[float, float] = (1.0, 1.0)
    """Factor on the force at the start and at the end, linear between."""


def play(tab: Tab, bar_s: float, feel: Feel, name: str) -> list[Event]:
    """Return the messages of ``tab`` played once, sorted by time.

    :param bar_s: length of a bar in seconds.
    :param name: name of the random stream of the variations.
    """
    end_s = tab.bars * bar_s
    events: list[Event] = []
    for lane, bars in tab.lanes.items():
        marks = "".join(bars)
        times = [_step_time(step, tab.steps, bar_s, feel.swing) for step in range(len(marks) + 1)]
        if lane == PEDAL:
            events.extend(_foot(marks, times))
        elif lane == CHOKE:
            events.extend(_grips(marks, times))
        else:
            draws = _near_normal(stream(STARTER_SEED, "starter", name, lane), len(marks))
            strokes = _strokes(marks, times, draws, feel)
            events.extend(_notes(NOTE_OF_ARTICULATION[lane].number, strokes, end_s))
    return sorted(events, key=lambda event: (event.time_s, event.kind, event.number))


def _step_time(step: int, steps: int, bar_s: float, swing: float) -> float:
    return (step + swing * (step % 2)) * bar_s / steps


def _near_normal(generator: np.random.Generator, count: int) -> list[tuple[float, float]]:
    """Return pairs of draws of variance 1 within +-3.5: sums of twelve uniform draws, without elementary functions."""
    draws = generator.random((count, 2, 12)).sum(axis=2) - 6.0
    return [(float(a), float(b)) for a, b in np.clip(draws, -3.5, 3.5)]


def _strokes(
    marks: str, times: list[float], draws: list[tuple[float, float]], feel: Feel
) -> Iterator[tuple[float, float]]:
    """Yield (time, force) of every stroke of one lane."""
    low, high = feel.swell
    for step, mark in enumerate(marks):
        if mark == REST:
            continue
        late, hard = draws[step]
        start_s = times[step] + late * feel.timing_s
        swell = low + (high - low) * step / max(len(marks) - 1, 1)
        for offset_s, force in _figure(mark, times[step + 1] - times[step]):
            yield start_s + offset_s, force * swell + hard * FORCE_SPREAD * min(1.0, force / PLAIN_FORCE["x"])


def _figure(mark: str, step_s: float) -> list[tuple[float, float]]:
    """Return (offset, force) of the strokes of one mark."""
    if mark in MAIN_FORCE:
        graces = [(-lead_s, float(GRACE_FORCE)) for lead_s in GRACE_S[mark]]
        return [*graces, (0.0, float(MAIN_FORCE[mark]))]
    if mark == "s":
        return [(0.0, float(DOUBLE_FORCE[0])), (step_s / 2, float(DOUBLE_FORCE[1]))]
    if mark == "r":
        bounces = max(2, round(step_s / BUZZ_S))
        first, last = BUZZ_FORCE
        return [(i * step_s / bounces, first + (last - first) * i / (bounces - 1)) for i in range(bounces)]
    return [(0.0, float(PLAIN_FORCE[mark]))]


def _notes(number: int, strokes: Iterator[tuple[float, float]], end_s: float) -> Iterator[Event]:
    """Yield note-ons and note-offs; onsets are limited to the duration of the tune."""
    for time_s, force in strokes:
        onset_s = min(max(time_s, 0.0), end_s - LAST_ONSET_S)
        yield Event(onset_s, NOTE_ON, number, min(max(round(force), 3), 127))
        yield Event(onset_s + GATE_S, NOTE_OFF, number, 64)


def _foot(marks: str, times: list[float]) -> Iterator[Event]:
    """Yield the controller messages of the hi-hat foot, which moves in short ramps."""
    place = 0
    for step, mark in enumerate(marks):
        if mark == REST:
            continue
        if mark == "S":
            yield from _move(place, 0, times[step])
            place = SPLASH_OPEN
            yield from _move(0, place, times[step] + FOOT_LEAD_S + FOOT_MOVE_S + FOOT_LEAD_S)
        else:
            yield from _move(place, int(mark), times[step])
            place = int(mark)


def _move(start: int, goal: int, time_s: float) -> Iterator[Event]:
    arrival_s = max(time_s - FOOT_LEAD_S, 0.0)
    for report in range(1, FOOT_REPORTS + 1):
        share = report / FOOT_REPORTS
        value = round(PEDAL_DOWN * (9 - start - (goal - start) * share) / 9)
        yield Event(max(arrival_s - FOOT_MOVE_S * (1.0 - share), 0.0), CONTROL, HIHAT_PEDAL_CC, value)


def _grips(marks: str, times: list[float]) -> Iterator[Event]:
    for step, mark in enumerate(marks):
        for articulation in CHOKED_NOTES.get(mark, ()):
            number = NOTE_OF_ARTICULATION[articulation].number
            yield Event(times[step], AFTERTOUCH, number, 127)
            yield Event(times[step] + GRIP_S, AFTERTOUCH, number, 0)
