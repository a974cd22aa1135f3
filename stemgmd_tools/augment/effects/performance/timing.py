"""Changes of timing: tempo, swing, deviations of single hits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.effect import (
    EXAMPLE,
    SEED,
    STEMS,
    Kind,
    Parameter,
    PerformanceEffect,
    TempoEffect,
    rate,
)
from stemgmd_tools.seeds import standard_normal, stream

if TYPE_CHECKING:
    from stemgmd_tools.performances.types import Performance

MOST_DEVIATIONS: Final = 3.0
"""Standard deviations at which timing deviations are clipped, so that no hit moves beyond its beat."""


def tempo(performance: Performance, *, rate: float) -> Performance:
    """Divide all times by ``rate``."""
    bpm = performance.metadata.get("bpm")
    known = {"bpm": float(bpm) * rate} if isinstance(bpm, int | float) else {}
    return _warped(performance, lambda time_s: time_s / rate, **known)


def swing(performance: Performance, *, percent: float, subdivision: str, bpm: float) -> Performance:
    """Bend every pair of subdivisions, counted from the start, at its middle; both halves stay straight."""
    per_beat = 1.0 if subdivision == "eighth" else 2.0
    pair_s = 60.0 / bpm / per_beat
    middle = percent / 100.0

    def warp(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        pair = np.floor(time_s / pair_s)
        phase = time_s / pair_s - pair
        bent = np.where(phase < 0.5, 2.0 * phase * middle, middle + (2.0 * phase - 1.0) * (1.0 - middle))
        return (pair + bent) * pair_s

    return _warped(performance, warp)


def humanise(performance: Performance, *, chosen: NDArray[np.bool_], sigma_ms: float, seed: int) -> Performance:
    """Shift every chosen hit by a deviation of its own."""
    hits = performance.hits.copy()
    deviations = standard_normal(stream(seed, "humanise"), len(hits))
    shift_s = np.clip(deviations, -MOST_DEVIATIONS, MOST_DEVIATIONS) * sigma_ms / 1000.0
    latest_s = np.maximum(hits["time_s"], performance.duration_s)
    hits["time_s"] = np.where(chosen, np.clip(hits["time_s"] + shift_s, 0.0, latest_s), hits["time_s"])
    return replace(performance, hits=hits)


def _warped(
    performance: Performance, warp: Callable[[NDArray[np.float64]], NDArray[np.float64]], **metadata: Any
) -> Performance:
    """Return the performance with a non-decreasing function applied to all times."""
    tables = {}
    for name in ("hits", "pedal", "chokes"):
        table = getattr(performance, name).copy()
        table["time_s"] = warp(table["time_s"])
        tables[name] = table
    duration_s = float(warp(np.array([performance.duration_s]))[0])
    return replace(performance, **tables, duration_s=duration_s, metadata={**performance.metadata, **metadata})


EFFECTS: Final = (
    TempoEffect(
        "tempo",
        "Plays the performance at another tempo; sounds keep their pitch and length.",
        tempo,
        (rate("speed"),),
        EXAMPLE,
        changes_time=True,
    ),
    PerformanceEffect(
        "humanise",
        "Shifts every hit by a normal deviation, clipped at three standard deviations.",
        humanise,
        (Parameter("sigma_ms", "standard deviation", "ms", 0.0, 100.0, typical=4.0), SEED),
        STEMS,
        changes_time=True,
    ),
    PerformanceEffect(
        "swing",
        "Warps each pair of subdivisions so that its middle comes later (or earlier).",
        swing,
        (
            Parameter(
                "percent", "where the middle of a pair lies: 50 straight, 66.7 triplets", "%", 25.0, 75.0, typical=61.0
            ),
            Parameter(
                "subdivision",
                "length of half a pair",
                kind=Kind.CHOICE,
                choices=("eighth", "sixteenth"),
                default="eighth",
            ),
            Parameter("bpm", "tempo of the performance", "beats/min", kind=Kind.TEMPO),
        ),
        EXAMPLE,
        changes_time=True,
        source="swing as on the Linn and MPC machines",
    ),
)
