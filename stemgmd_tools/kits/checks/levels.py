"""The level of every velocity layer as recorded, and what the velocity curve of the bank adds to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stemgmd_tools.kits.bank.velocity_curve import velocity_curve
from stemgmd_tools.kits.checks.measures import MeasuredKit, TakeMeasures
from stemgmd_tools.numerics.elementary import exp10, log10


@dataclass(frozen=True, slots=True)
class LayerLevel:
    """One velocity layer."""

    articulation: str
    openness: float | None
    layer: int
    """1 is the softest."""
    velocity: int
    """At which the layer is as loud as recorded, unless the curve adds something."""
    level_db: float
    """Mean power of the takes after their attacks, with the gains of the map, dB re full scale."""
    added_db: float
    """What the velocity curve adds at that velocity."""


def layer_levels(kit: MeasuredKit) -> tuple[LayerLevel, ...]:
    """Return the layers of all articulations that are recorded, softest first."""
    rows: list[LayerLevel] = []
    for name, openness, layers in kit.layers():
        velocities = [row[0].velocity for row in layers]
        meant_db = np.array([_level_db(row) for row in layers])
        dynamics_db = kit.kit.map.articulations[name].dynamics_db
        added_db = np.zeros(len(layers))
        if kit.kit.map.velocity_curve == "smooth" or dynamics_db is not None:
            added_db = velocity_curve(velocities, meant_db, dynamics_db)[velocities] - meant_db
        rows += [
            LayerLevel(
                name,
                None if math.isnan(openness) else openness,
                row[0].layer + 1,
                row[0].velocity,
                round(float(level), 2),
                round(float(added), 2) + 0.0,  # no negative zero
            )
            for row, level, added in zip(layers, meant_db, added_db, strict=True)
        ]
    return tuple(rows)


def _level_db(takes: Sequence[TakeMeasures]) -> float:
    """Return the level of the mean power of takes."""
    return float(10.0 * log10(sum(exp10(take.level_db / 10.0) for take in takes) / len(takes)))
