"""Which performances are measured: a sample that stands for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stemgmd_tools.performances.types import Performance


@dataclass(frozen=True, slots=True)
class Clip:
    """One performance of the sample."""

    performance: Performance
    weight: float
    """Seconds of all performances that one second of this one stands for."""


def stratified(performances: Sequence[Performance], strata: int) -> list[Clip]:
    """Return one performance for each of ``strata`` parts of equal total duration, from the longest to the shortest.

    Each is the one whose length is nearest to the mean of its part and stands for that part. A cost that is made of a
    fixed share per file and a share per second is then extrapolated without bias: short files and long ones count in
    their own proportion.
    """
    ordered = sorted(performances, key=lambda one: one.duration_s, reverse=True)
    durations = np.array([one.duration_s for one in ordered])
    middles = np.cumsum(durations) - durations / 2
    part = np.minimum((middles / durations.sum() * strata).astype(int), strata - 1)
    clips = []
    for number in np.unique(part):
        members = np.flatnonzero(part == number)
        mean_s = durations[members].mean()
        chosen = ordered[members[np.argmin(np.abs(durations[members] - mean_s))]]
        clips.append(Clip(chosen, float(durations[members].sum() / chosen.duration_s)))
    return clips


def weighted(clips: Sequence[Clip], cost_s: Sequence[float]) -> float:
    """Return what all performances would cost, given what each clip costs."""
    return sum(clip.weight * seconds for clip, seconds in zip(clips, cost_s, strict=True))


def total_s(clips: Sequence[Clip]) -> float:
    """Return the duration of all performances that the sample stands for."""
    return weighted(clips, [clip.performance.duration_s for clip in clips])
