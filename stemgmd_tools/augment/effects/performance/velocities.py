"""Changes of velocity."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.effect import SEED, STEMS, Parameter, PerformanceEffect
from stemgmd_tools.numerics import elementary
from stemgmd_tools.seeds import standard_normal, stream

if TYPE_CHECKING:
    from stemgmd_tools.performances.types import Performance

Mask = NDArray[np.bool_]


def velocity_curve(performance: Performance, *, chosen: Mask, gamma: float) -> Performance:
    """Bend the velocities of the chosen hits."""
    bent = 127.0 * elementary.power(performance.hits["velocity"] / 127.0, gamma)
    return _with_velocities(performance, chosen, bent)


def velocity_jitter(performance: Performance, *, chosen: Mask, sigma: float, seed: int) -> Performance:
    """Add a deviation to the velocity of every chosen hit."""
    deviations = standard_normal(stream(seed, "velocity_jitter"), len(performance.hits))
    return _with_velocities(performance, chosen, performance.hits["velocity"] + deviations * sigma)


def _with_velocities(performance: Performance, chosen: Mask, velocities: NDArray[np.float64]) -> Performance:
    hits = performance.hits.copy()
    hits["velocity"] = np.where(chosen, np.clip(np.rint(velocities), 1, 127), hits["velocity"])
    return replace(performance, hits=hits)


EFFECTS: Final = (
    PerformanceEffect(
        "velocity_curve",
        "Bends velocities: 127 (v / 127) ** gamma; above 1 soft hits get softer.",
        velocity_curve,
        (Parameter("gamma", "exponent", "", 0.25, 4.0, typical=1.3),),
        STEMS,
    ),
    PerformanceEffect(
        "velocity_jitter",
        "Changes every hit's velocity by a normal deviation.",
        velocity_jitter,
        (Parameter("sigma", "standard deviation", "velocity", 0.0, 64.0, typical=6.0), SEED),
        STEMS,
    ),
)
