"""Pool of kits and performances that effects and random mixes draw from, within a split."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final, NamedTuple

import pandas as pd

from stemgmd_tools.augment.sampling.activity import Activity
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.errors import AugmentError

BPM_TOLERANCE: Final = 0.03
"""Relative difference up to which tempi count as equal: half a semitone of repitching is hardly audible."""


class PoolKit(NamedTuple):
    """A kit and its split."""

    name: str
    split: str = ""
    """``train``, ``heldout`` or, for a kit of your own, ``""``."""
    weight: int = 1
    """How many kits it counts as when one is drawn."""


class PoolPerformance(NamedTuple):
    """A performance with its split, tempo, style and duration."""

    name: str
    split: str = ""
    """GMD's split, or ``""``."""
    bpm: float | None = None
    style: str = ""
    duration_s: float = 0.0


class _TimeLine(NamedTuple):
    """Performances in sequence, to draw them in proportion to their duration, so that short fills are rare."""

    names: tuple[str, ...]
    ends_s: tuple[float, ...]

    @classmethod
    def of(cls, performances: Iterable[PoolPerformance]) -> _TimeLine:
        """Return the time line of performances."""
        entries = tuple(performances)
        return cls(tuple(entry.name for entry in entries), tuple(accumulate(entry.duration_s for entry in entries)))

    def at(self, share: float, first: int = 0, stop: int | None = None) -> str:
        """Return the performance at a share (in [0, 1)) of the total time of some performances."""
        stop = len(self.names) if stop is None else stop
        begin_s = self.ends_s[first - 1] if first else 0.0
        time_s = begin_s + share * (self.ends_s[stop - 1] - begin_s)
        return self.names[min(bisect_right(self.ends_s, time_s, first, stop), stop - 1)]


@dataclass(frozen=True, slots=True, eq=False)
class Pool:
    """Kits and performances by split.

    :raises AugmentError: if a name occurs twice.
    """

    kits: tuple[PoolKit, ...]
    performances: tuple[PoolPerformance, ...]
    sample_rate: int
    """Sampling rate of the stems in Hz."""
    activity: Activity | None = None
    """Positions of the hits, for random mixes with ``min_hits``."""
    _kits: dict[str, PoolKit] = field(init=False, repr=False)
    _performances: dict[str, PoolPerformance] = field(init=False, repr=False)
    _kits_of: dict[str, tuple[str, ...]] = field(init=False, repr=False)
    _every_kit: tuple[str, ...] = field(init=False, repr=False)
    _everything: _TimeLine = field(init=False, repr=False)
    _of_split: dict[str, _TimeLine] = field(init=False, repr=False)
    _by_tempo: dict[str, tuple[tuple[float, ...], _TimeLine]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Index the pool by split and tempo."""
        for kind in ("kits", "performances"):
            names = [entry.name for entry in getattr(self, kind)]
            if len(set(names)) < len(names):
                raise AugmentError(f"pool: {kind} holds {_duplicate(names)} twice; name each once")
        object.__setattr__(self, "_kits", {kit.name: kit for kit in self.kits})
        object.__setattr__(self, "_performances", {performance.name: performance for performance in self.performances})
        weighted = [kit for kit in self.kits for _ in range(kit.weight)]
        object.__setattr__(self, "_kits_of", _by_split(weighted))
        object.__setattr__(self, "_every_kit", tuple(kit.name for kit in weighted))
        object.__setattr__(self, "_everything", _TimeLine.of(self.performances))
        of_split = {
            split: _TimeLine.of(self._performances[name] for name in names)
            for split, names in _by_split(self.performances).items()
        }
        object.__setattr__(self, "_of_split", of_split)
        object.__setattr__(self, "_by_tempo", {split: self._tempi(split) for split in of_split})

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

    def kit_at(self, share: float) -> str:
        """Return the kit at a share (in [0, 1)) of all kits by their weights."""
        return self._every_kit[int(share * len(self._every_kit))]

    def performance_at(self, share: float) -> str:
        """Return the performance at a share (in [0, 1)) of the total time of all performances."""
        return self._everything.at(share)

    def other_kits(self, kit: str) -> tuple[str, ...]:
        """Return the other kits of the split of ``kit``, each as often as its weight says."""
        return tuple(name for name in self._kits_of[self.kit(kit).split] if name != kit)

    def kits_like(self, kit: str) -> tuple[str, ...]:
        """Return all kits of the split of ``kit``, each as often as its weight says."""
        return self._kits_of[self.kit(kit).split]

    def performance_like(self, performance: str, share: float) -> str:
        """Return the performance at a share of the total time of the split of ``performance``."""
        return self._of_split[self.performance(performance).split].at(share)

    def performance_at_tempo(self, performance: str, share: float) -> str:
        """As :meth:`performance_like`, among the performances whose tempo is within :data:`BPM_TOLERANCE`."""
        reference = self.performance(performance)
        if reference.bpm is None:
            return performance
        tempi, line = self._by_tempo[reference.split]
        low = bisect_left(tempi, reference.bpm / (1.0 + BPM_TOLERANCE))
        return line.at(share, low, bisect_right(tempi, reference.bpm * (1.0 + BPM_TOLERANCE)))

    def _tempi(self, split: str) -> tuple[tuple[float, ...], _TimeLine]:
        entries = sorted(
            (entry.bpm, entry.name) for entry in self.performances if entry.split == split and entry.bpm is not None
        )
        line = _TimeLine.of(self._performances[name] for _, name in entries)
        return tuple(bpm for bpm, _ in entries), line


def pool_of(
    source: StemSource, *, activity: bool = False, splits: bool = True, weights: Mapping[str, int] | None = None
) -> Pool:
    """Return the pool of all kits and performances of a source.

    :param activity: whether to include the positions of all hits, for random mixes with ``min_hits``.
    :param splits: whether a kit is replaced only by kits of its split; without, by any kit of the source.
    :param weights: how many kits a kit counts as when one is drawn, by its name; default: 1.
    """
    performances, weights = source.performances, weights or {}
    return Pool(
        kits=tuple(
            PoolKit(name, split if splits else "", weights.get(name, 1)) for name, split in source.kit_splits.items()
        ),
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


def _duplicate(names: list[str]) -> str:
    return next(name for index, name in enumerate(names) if name in names[:index])


def _by_split(entries: Iterable[PoolKit | PoolPerformance]) -> dict[str, tuple[str, ...]]:
    names_of_split: dict[str, list[str]] = {}
    for entry in entries:
        names_of_split.setdefault(entry.split, []).append(entry.name)
    return {split: tuple(names) for split, names in names_of_split.items()}
