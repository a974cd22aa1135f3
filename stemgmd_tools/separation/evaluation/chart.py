"""Draw means and intervals as inline SVG, in the colours and font of the page."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from stemgmd_tools.separation.evaluation.bootstrap import Interval

_WIDTH: Final = 480
_LABEL: Final = 180
"""Width of the names on the left."""
_ROW: Final = 20
_TOP: Final = 8
_AXIS: Final = 26
_STEPS_DB: Final = (1, 2, 5, 10, 20, 50)
_MOST_MARKS: Final = 8
_COLOURS: Final = ("#2a78c8", "#d0662a", "#3a9a5b", "#a05ac0", "#b8a01e", "#c64b6e", "#4aa6a6", "#888888")
"""Distinguishable on light and dark backgrounds."""


class Dot(NamedTuple):
    """One line of a chart."""

    label: str
    interval: Interval
    group: int
    """Lines of the same group have the same colour."""


def chart(title: str, dots: Sequence[Dot]) -> str:
    """Return an HTML figure with a dot for each mean and a bar for its interval; lines without a value are skipped."""
    shown = [dot for dot in dots if not math.isnan(dot.interval.mean)]
    if not shown:
        return ""
    low, high = _range(shown)
    height = _TOP + len(shown) * _ROW + _AXIS

    def x(value: float) -> float:
        return _LABEL + (value - low) / (high - low) * (_WIDTH - _LABEL - 16)

    bottom = _TOP + len(shown) * _ROW
    lines = [_mark(x(mark), mark, bottom) for mark in _marks(low, high)]
    lines += [_dot(dot, x, _TOP + (place + 0.5) * _ROW) for place, dot in enumerate(shown)]
    escaped = html.escape(title)
    return (
        f"<figure><figcaption>{escaped}</figcaption>"
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="{escaped}" '
        'style="width:100%;max-width:40rem;font:12px system-ui,sans-serif" fill="currentColor">\n'
        + "\n".join(lines)
        + "\n</svg></figure>\n"
    )


def _range(dots: Sequence[Dot]) -> tuple[float, float]:
    """Return axis limits, rounded to whole steps, that include all dots and bars."""
    ends = [value for dot in dots for value in dot.interval[:3] if not math.isnan(value)]
    low, high = min(0.0, *ends), max(0.0, *ends)
    step = _step(low, high)
    return math.floor(low / step) * step, max(math.ceil(high / step), math.floor(low / step) + 1) * step


def _step(low: float, high: float) -> float:
    spread = max(high - low, 1e-9)
    scale = 10.0 ** math.floor(math.log10(spread / _MOST_MARKS))
    return next(step * scale for step in _STEPS_DB if spread / (step * scale) <= _MOST_MARKS)


def _marks(low: float, high: float) -> list[float]:
    step = _step(low, high)
    return [low + step * number for number in range(round((high - low) / step) + 1)]


def _mark(x: float, value: float, bottom: float) -> str:
    strong = ".5" if value == 0 else ".15"
    return (
        f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{_TOP}" y2="{bottom}" stroke="currentColor" stroke-opacity="{strong}"/>'
        f'<text x="{x:.1f}" y="{bottom + 16}" text-anchor="middle">{value:g}</text>'
    )


def _dot(dot: Dot, x: Callable[[float], float], y: float) -> str:
    mean, low, high = dot.interval[:3]
    colour = _COLOURS[dot.group % len(_COLOURS)]
    bar = ""
    if not math.isnan(low):
        ends = f'x1="{x(low):.1f}" x2="{x(high):.1f}" y1="{y}" y2="{y}"'
        bar = f'<line {ends} stroke="{colour}" stroke-width="3" stroke-opacity=".55"/>'
    return (
        f'<text x="{_LABEL - 8}" y="{y + 4}" text-anchor="end">{html.escape(dot.label)}</text>{bar}'
        f'<circle cx="{x(mean):.1f}" cy="{y}" r="4.5" fill="{colour}"><title>{mean:.2f}</title></circle>'
    )
