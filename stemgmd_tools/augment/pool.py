"""The pool: kits and performances that swaps and random mixes may draw from, never across a split."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final, NamedTuple

import pandas as pd

from stemgmd_tools.augment.activity import Activity
from stemgmd_tools.corpus.source import StemSource
from stemgmd_tools.errors import AugmentError

BPM_TOLERANCE: Final = 0.03
"""Tempi this share apart or less are the same: repitching by it (half a semitone) is hardly heard."""


class PoolKit(NamedTuple):
    """A kit and where it belongs."""

    name: str
    split: str = ""
    """``train``, ``heldout`` or, for a kit of your own, an empty text."""


class PoolPerformance(NamedTuple):
    """A performance, and what mixing by tempo or style needs to know."""

    name: str
    split: str = ""
    """GMD's own split, or an empty text."""
    bpm: float | None = None
    style: str = ""
    duration_s: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Kits and performances by split.

    :raises AugmentError: if one is named twice.
    """

    kits: tuple[PoolKit, ...]
    performances: tuple[PoolPerformance, ...]
    sample_rate: int
    """Of the stems, in Hz."""
    activity: Activity | None = None
    """Where hits lie, for random mixes that ask for some."""
    _kits: dict[str, PoolKit] = field(init=False, repr=False)
    _performances: dict[str, PoolPerformance] = field(init=False, repr=False)
    _kits_of: dict[str, tuple[str, ...]] = field(init=False, repr=False)
    _performances_of: dict[str, tuple[str, ...]] = field(init=False, repr=False)
    _ends_s: tuple[float, ...] = field(init=False, repr=False)
    _by_tempo: dict[str, tuple[tuple[float, ...], tuple[str, ...]]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Sort by split and by tempo, once."""
        for one in ("kits", "performances"):
            names = [entry.name for entry in getattr(self, one)]
            if len(set(names)) < len(names):
                raise AugmentError(f"pool: {one} holds {_twice(names)} twice; name each once")
        object.__setattr__(self, "_kits", {kit.name: kit for kit in self.kits})
        object.__setattr__(self, "_performances", {one.name: one for one in self.performances})
        object.__setattr__(self, "_kits_of", _by_split(self.kits))
        object.__setattr__(self, "_performances_of", _by_split(self.performances))
        object.__setattr__(self, "_ends_s", tuple(accumulate(one.duration_s for one in self.performances)))
        object.__setattr__(self, "_by_tempo", {split: self._tempi(split) for split in self._performances_of})

    def kit(self, name: str) -> PoolKit:
        """Return a kit.

        :raises AugmentError: if the pool does not hold it.
        """
        try:
            return self._kits[name]
        except KeyError:
            raise AugmentError(f"pool: holds no kit {name}; kits: {', '.join(self._kits)}") from None

    def performance(self, name: str) -> PoolPerformance:
        """Return a performance.

        :raises AugmentError: if the pool does not hold it.
        """
        try:
            return self._performances[name]
        except KeyError:
            raise AugmentError(f"pool: holds no performance {name} among its {len(self._performances)}") from None

    def performance_at(self, share: float) -> str:
        """Return the performance in which a share (0 .. 1, 1 left out) of the time of all of them lies."""
        index = bisect_right(self._ends_s, share * self._ends_s[-1])
        return self.performances[min(index, len(self.performances) - 1)].name

    def other_kits(self, kit: str) -> tuple[str, ...]:
        """Return the kits of the same split as ``kit``, without it."""
        return tuple(name for name in self._kits_of[self.kit(kit).split] if name != kit)

    def kits_like(self, kit: str) -> tuple[str, ...]:
        """Return the kits of the same split as ``kit``, with it."""
        return self._kits_of[self.kit(kit).split]

    def performances_like(self, performance: str) -> tuple[str, ...]:
        """Return the performances of the same split, this one among them."""
        return self._performances_of[self.performance(performance).split]

    def performances_at_tempo(self, performance: str) -> tuple[str, ...]:
        """Return those of the same split whose tempo is within :data:`BPM_TOLERANCE`, this one among them."""
        own = self.performance(performance)
        if own.bpm is None:
            return (performance,)
        tempi, names = self._by_tempo[own.split]
        low = bisect_left(tempi, own.bpm / (1.0 + BPM_TOLERANCE))
        return names[low : bisect_right(tempi, own.bpm * (1.0 + BPM_TOLERANCE))]

    def _tempi(self, split: str) -> tuple[tuple[float, ...], tuple[str, ...]]:
        known = sorted((one.bpm, one.name) for one in self.performances if one.split == split and one.bpm is not None)
        return tuple(bpm for bpm, _ in known), tuple(name for _, name in known)


def pool_of(source: StemSource, *, activity: bool = False) -> Pool:
    """Return the pool of everything a source holds.

    :param activity: whether to note where all hits lie, for random mixes with ``min_hits``.
    """
    performances = source.performances
    return Pool(
        kits=tuple(PoolKit(name, split) for name, split in source.kit_splits.items()),
        performances=tuple(
            PoolPerformance(str(name), _text(split), None if pd.isna(bpm) else float(bpm), _text(style), float(seconds))
            for name, split, bpm, style, seconds in zip(
                *(performances[key] for key in ("performance", "gmd_split", "bpm", "style", "duration_s")), strict=True
            )
        ),
        sample_rate=source.sample_rate,
        activity=Activity.of(source.hits) if activity else None,
    )


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)


def _twice(names: list[str]) -> str:
    return next(name for index, name in enumerate(names) if name in names[:index])


def _by_split(entries: Iterable[PoolKit | PoolPerformance]) -> dict[str, tuple[str, ...]]:
    found: dict[str, list[str]] = {}
    for entry in entries:
        found.setdefault(entry.split, []).append(entry.name)
    return {split: tuple(names) for split, names in found.items()}
