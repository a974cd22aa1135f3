"""Which takes make a ladder of single hits that rises: levels should not fall from one velocity to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

Powers: TypeAlias = tuple[float, ...]
"""Powers of one take by several measures, the most important first; above 0."""

EVEN: Final = 1.0023
"""A power that falls by less than this factor (0.01 dB) is even: a bank's gains and samples are rounded."""


class _Path(NamedTuple):
    """Takes of the velocities so far; the first two fields decide between paths."""

    falls: Powers
    """By measure, the sum of the factors by which the power falls, each minus 1."""
    distance: float
    """Sum of the factors between the takes' first powers and the means of their velocities, each minus 1."""
    takes: tuple[int, ...]


def rising(steps: Sequence[Sequence[Powers]]) -> list[int]:
    """Return which take to play at each velocity so that powers fall as little as the takes allow.

    Falls of the first measure count before those of the second. Of the choices that fall as little, the one whose takes
    lie nearest to the means of their velocities is taken. Sums, products and quotients alone decide, so the choice is
    the same on every machine.

    :param steps: the takes of each velocity, ascending by velocity.
    """
    paths = [_Path((0.0,) * len(steps[0][0]), 0.0, ())]
    for step, takes in enumerate(steps):
        before = steps[step - 1] if step else None
        paths = [min(_continued(path, take, before, takes) for path in paths) for take in range(len(takes))]
    return list(min(paths).takes)


def _continued(path: _Path, take: int, before: Sequence[Powers] | None, takes: Sequence[Powers]) -> _Path:
    """Return a path that goes on with one of the takes of a velocity, the velocity before having ``before``."""
    powers = takes[take]
    falls = path.falls
    if before is not None:
        ratios = [there / here for there, here in zip(before[path.takes[-1]], powers, strict=True)]
        falls = tuple(fall + (ratio - 1.0 if ratio > EVEN else 0.0) for fall, ratio in zip(falls, ratios, strict=True))
    mean = sum(one[0] for one in takes) / len(takes)
    distance = max(powers[0] / mean, mean / powers[0]) - 1.0
    return _Path(falls, path.distance + distance, (*path.takes, take))
