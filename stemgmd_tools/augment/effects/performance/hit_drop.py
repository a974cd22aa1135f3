"""Removal of hits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.effect import SEED, STEMS, Kind, Parameter, PerformanceEffect
from stemgmd_tools.seeds import stream

if TYPE_CHECKING:
    from stemgmd_tools.performances.types import Performance


def hit_drop(
    performance: Performance, *, chosen: NDArray[np.bool_], share: float, max_velocity: int, seed: int
) -> Performance:
    """Remove each chosen hit of at most ``max_velocity`` with the probability ``share``."""
    tosses = stream(seed, "hit_drop").random(len(performance.hits))
    soft = performance.hits["velocity"] <= max_velocity
    return replace(performance, hits=performance.hits[~(chosen & soft & (tosses < share))])


EFFECTS: Final = (
    PerformanceEffect(
        "hit_drop",
        "Removes hits at random.",
        hit_drop,
        (
            Parameter("share", "probability that a hit is removed", "", 0.0, 1.0, typical=0.3),
            Parameter(
                "max_velocity", "only hits up to this velocity are removed", "velocity", 1, 127, 127, Kind.INTEGER
            ),
            SEED,
        ),
        STEMS,
    ),
)
