"""Parse drum tabs: one line per articulation, one mark per step, ``|`` between bars.

A line reads ``name | bar | bar``. The name is an articulation of the note table, ``pedal`` or ``choke``; a line with
fewer bars than the longest repeats. Spaces inside bars are ignored. Marks of an articulation:

``.`` rest · ``g`` ghost note · ``o`` soft · ``x`` plain · ``X`` accent · ``!`` hardest · ``f`` flam (one
grace note) · ``d`` drag (two) · ``s`` two strokes in the step · ``r`` buzz roll over the step

Marks of ``pedal``, the hi-hat foot: ``0`` shut .. ``9`` wide open, ``S`` splash (down and straight up), ``.`` stay.
Marks of ``choke``, a hand on a cymbal: ``1`` first crash, ``2`` second crash, ``R`` ride.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.pieces import NOTE_OF_ARTICULATION

PEDAL: Final = "pedal"
CHOKE: Final = "choke"
REST: Final = "."
STROKES: Final = frozenset("goxX!fdsr")
PEDAL_MARKS: Final = frozenset("0123456789S")
CHOKE_MARKS: Final = frozenset("12R")


@dataclass(frozen=True, slots=True)
class Tab:
    """A parsed tab."""

    steps: int
    """Steps per bar."""
    bars: int
    lanes: dict[str, tuple[str, ...]]
    """Line name -> one string of ``steps`` marks per bar; every lane has all the bars."""


def read_tab(text: str, where: str) -> Tab:
    """Parse a tab.

    :param where: place that error messages name.
    :raises PerformanceError: for an unknown name or mark, a name on two lines, or bars of unequal length.
    """
    lanes: dict[str, list[str]] = {}
    for line in filter(None, map(str.strip, text.splitlines())):
        name, *bars = (part.strip() for part in line.strip("|").split("|"))
        if name in lanes or name not in (PEDAL, CHOKE, *NOTE_OF_ARTICULATION):
            raise PerformanceError(f"{where}: {name!r} is on two lines, or no articulation, {PEDAL} or {CHOKE}")
        lanes[name] = [bar.replace(" ", "") for bar in bars]
        _check_marks(name, "".join(lanes[name]), where)
    lengths = {len(bar) for bars in lanes.values() for bar in bars}
    if len(lengths) != 1:
        raise PerformanceError(f"{where}: bars of {sorted(lengths)} steps; all must have the same number")
    count = max(len(bars) for bars in lanes.values())
    return Tab(
        steps=lengths.pop(),
        bars=count,
        lanes={name: tuple(bars[i % len(bars)] for i in range(count)) for name, bars in lanes.items()},
    )


def _check_marks(name: str, marks: str, where: str) -> None:
    allowed = {PEDAL: PEDAL_MARKS, CHOKE: CHOKE_MARKS}.get(name, STROKES) | {REST}
    unknown = sorted(set(marks) - allowed)
    if unknown or not marks:
        raise PerformanceError(f"{where}: {name} has the marks {unknown}; allowed are {''.join(sorted(allowed))}")
