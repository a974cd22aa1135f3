"""Choose takes for single hits so that the level does not fall from one velocity to the next."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias

Powers: TypeAlias = tuple[float, ...]
"""Powers of one take by several measures, the most important first; all positive."""

EVEN: Final = 1.0023
"""A fall by less than this factor (0.01 dB) is ignored: a bank's gains and samples are rounded."""


class _Path(NamedTuple):
    """The takes of the velocities so far; paths are compared by their first two fields."""

    falls: Powers
    """For each measure, the sum of the factors by which the power falls, each minus 1."""
    distance: float
    """Sum of the factors between the takes' first powers and the means at their velocities, each minus 1."""
    takes: tuple[int, ...]


def rising(steps: Sequence[Sequence[Powers]]) -> list[int]:
    """Return the index of the take to play at each velocity, such that powers fall as little as possible.

    Falls of the first measure count before those of the second. Ties are broken by the distance from the mean power at
    each velocity. Only sums, products and quotients are used, so the choice is the same on every machine.

    :param steps: the powers of the takes at each velocity, ascending by velocity.
    """
    paths = [_Path((0.0,) * len(steps[0][0]), 0.0, ())]
    for step, takes in enumerate(steps):
        before = steps[step - 1] if step else None
        paths = [min(_continued(path, take, before, takes) for path in paths) for take in range(len(takes))]
    return list(min(paths).takes)


def _continued(path: _Path, take: int, before: Sequence[Powers] | None, takes: Sequence[Powers]) -> _Path:
    """Return ``path`` extended by one of the takes of a velocity.

    :param before: the powers of the takes at the previous velocity; None at the first.
    """
    powers = takes[take]
    falls = path.falls
    if before is not None:
        ratios = [there / here for there, here in zip(before[path.takes[-1]], powers, strict=True)]
        falls = tuple(fall + (ratio - 1.0 if ratio > EVEN else 0.0) for fall, ratio in zip(falls, ratios, strict=True))
    mean = sum(candidate[0] for candidate in takes) / len(takes)
    distance = max(powers[0] / mean, mean / powers[0]) - 1.0
    return _Path(falls, path.distance + distance, (*path.takes, take))
