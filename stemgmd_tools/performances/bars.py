"""Bars of a performance, from the tempo and the time signature in its metadata."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

from stemgmd_tools.errors import UsageError
from stemgmd_tools.performances.pretty import time_signature
from stemgmd_tools.performances.types import Performance

_ROUNDING: Final = 0.01
"""Part of a bar by which a stated duration may exceed whole bars."""


class BarSpan(NamedTuple):
    """A range of bars, in seconds from the start of the performance."""

    start_s: float
    end_s: float
    beat_s: float
    """Length of a beat: the denominator of the time signature."""


def bar_span(performance: Performance, first: int, count: int) -> BarSpan:
    """Return the span of ``count`` bars from bar ``first``, counted from 1.

    Every bar has the first tempo (quarter notes per minute) and the first time signature; changes are not followed.

    :raises UsageError: if tempo or time signature are not known, or the performance does not have the bars.
    """
    signature, bpm = time_signature(performance.metadata), performance.metadata.get("bpm")
    if signature is None or not isinstance(bpm, int | float) or not bpm > 0:
        raise UsageError(f"{performance.id}: has no tempo and time signature, so its bars are not known")
    beat_s = 60.0 / bpm * 4 / signature[1]
    bar_s = beat_s * signature[0]
    bars = math.ceil(performance.duration_s / bar_s - _ROUNDING)
    if first < 1 or count < 1 or first + count - 1 > bars:
        raise UsageError(f"{performance.id}: {count} bars from bar {first}: it has bars 1 to {bars}; give less")
    start_s = (first - 1) * bar_s
    return BarSpan(start_s, start_s + count * bar_s, beat_s)
