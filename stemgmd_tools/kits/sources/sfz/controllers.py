"""What MIDI controllers do to a region while they are where the definition puts them."""

from __future__ import annotations

import bisect
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.sources.sfz.definition.instrument import Instrument, Written
from stemgmd_tools.kits.sources.sfz.definition.opcodes import MODULATED, Problems, number, parsed

LINEAR: Final = 0
_HIGHEST_CONTROLLER: Final = 511
"""ARIA and sfizz have controllers beyond those of MIDI."""
_HIGHEST_VALUE: Final = 127
_SILENT: Final = 1e-4
"""Amplitudes below -80 dB count as silence."""


@dataclass(slots=True)
class Modulation:
    """What controllers add to a region's opcodes, in the opcodes' own units."""

    added: dict[str, float] = field(default_factory=dict)
    amplitude: float = 1.0
    """Factor; amplitudes of several controllers are multiplied."""
    levels: tuple[int, ...] = ()
    """Controllers that change the level."""
    silencers: tuple[int, ...] = ()
    """Controllers that leave it silent."""


class Controllers:
    """The controllers of an instrument at their initial values."""

    def __init__(self, instrument: Instrument, problems: Problems) -> None:
        """Take the initial values, names and curves of an instrument."""
        self._values = instrument.controllers
        self._names = instrument.controller_names
        self._curves = {index: sorted(_whole(points).items()) for index, points in instrument.curves.items()}
        self._problems = problems

    def value(self, index: int) -> float:
        """Return the initial value of a controller, 0..1."""
        return self._values.get(index, 0.0)

    def name(self, index: int) -> str:
        """Return what the library calls a controller, ``""`` if it has no name for it."""
        return self._names.get(index, "")

    def shown(self, index: int) -> str:
        """Return a controller for messages."""
        name = self.name(index)
        return f"CC{index} ({name[:40]}) at {self.value(index) * 127:.0f}" if name else f"CC{index}"

    def modulation(self, written: Written) -> Modulation:
        """Return what controllers do to a region."""
        result = Modulation()
        fades: set[int] = set()
        for name, text in written.opcodes.items():
            known = parsed(name)
            if known.role == "fade_cc":
                fades.add(known.number)
            if known.role != "mod" or known.target not in MODULATED:
                continue
            depth = number(text, name, written.place, self._problems)
            if depth is None:
                continue
            share = self._share(written, known.target, known.number)
            target = MODULATED[known.target]
            if target in {"amplitude", "volume"}:
                result.levels += (known.number,)
            if target == "amplitude":
                result.amplitude *= depth / 100.0 * share
                if abs(depth / 100.0 * share) < _SILENT:
                    result.silencers += (known.number,)
            else:
                result.added[target] = result.added.get(target, 0.0) + depth * share
        for index in sorted(fades):
            self._fade(result, written, index)
        return result

    def _share(self, written: Written, target: str, index: int) -> float:
        """Return a controller's value after its curve."""
        for alias in (target, *(name for name, meant in MODULATED.items() if meant == MODULATED[target])):
            text = written.opcodes.get(f"{alias}_curvecc{index}")
            if text is not None:
                curve = number(text, f"{alias}_curvecc{index}", written.place, self._problems, low=0, high=255)
                return self.curved(self.value(index), LINEAR if curve is None else int(curve))
        return self.value(index)

    def curved(self, value: float, curve: int) -> float:
        """Return a point of a curve, the library's own or one that players know."""
        points = self._curves.get(curve)
        if points is None:
            return _BUILT_IN.get(curve, _BUILT_IN[LINEAR])(value)
        at = value * 127.0
        right = bisect.bisect_left(points, (at, -math.inf))
        (low, left), (high, end) = points[max(right - 1, 0)], points[min(right, len(points) - 1)]
        return end if high == low else left + (end - left) * (at - low) / (high - low)

    def _fade(self, result: Modulation, written: Written, index: int) -> None:
        """Apply a crossfade between layers by a controller, with equal power."""
        result.levels += (index,)
        for side in ("xfin", "xfout"):
            names = [f"{side}_{end}cc{index}" for end in ("lo", "hi")]
            ends = [
                number(written.opcodes[name], name, written.place, self._problems, low=0, high=127)
                for name in names
                if name in written.opcodes
            ]
            if len(ends) < 2 or ends[0] is None or ends[1] is None:
                continue
            low, high = ends[0], ends[1]
            at = self.value(index) * 127.0
            share = min(max((at - low) / (high - low), 0.0), 1.0) if high > low else float(at >= high)
            result.amplitude *= math.sqrt(share if side == "xfin" else 1.0 - share)
        if result.amplitude == 0.0:
            result.silencers += (index,)


def parse_controllers(text: str) -> dict[int, float]:
    """Return values of controllers, 0..1, written as ``42=127;43=0``.

    :raises UsageError: for an entry of another form, or a number out of range.
    """
    values: dict[int, float] = {}
    for entry in filter(None, (part.strip() for part in text.split(";"))):
        match = re.fullmatch(r"(\d{1,3})=(\d{1,3}(?:\.\d+)?)", entry)
        index, value = (int(match[1]), float(match[2])) if match else (-1, -1.0)
        if not (0 <= index <= _HIGHEST_CONTROLLER and 0 <= value <= _HIGHEST_VALUE):
            raise UsageError(
                f'controllers: found "{entry}"; give controller and value, 0..{_HIGHEST_CONTROLLER} and '
                f"0..{_HIGHEST_VALUE}, as in 42=127;43=0"
            )
        values[index] = value / _HIGHEST_VALUE
    return values


def _whole(points: Mapping[int, float]) -> dict[int, float]:
    """Return the points of a curve with its ends, which are 0 and 1 where it does not say."""
    return {0: 0.0, 127: 1.0} | {at: level for at, level in points.items() if 0 <= at <= 127}


_BUILT_IN: Final[dict[int, Callable[[float], float]]] = {
    LINEAR: lambda x: x,
    1: lambda x: 2.0 * x - 1.0,
    2: lambda x: 1.0 - x,
    3: lambda x: 1.0 - 2.0 * x,
    4: lambda x: x * x,
    5: math.sqrt,
    6: lambda x: math.sqrt(1.0 - x),
}
"""Curves of ARIA by number: linear, bipolar, inverted, both, concave, and the two of a crossfade of equal power."""
