"""Pitch of pieces and of single strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.effect import SEED, STEMS, Parameter, StrokeEffect
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.seeds import stream

if TYPE_CHECKING:
    from stemgmd_tools.augment.symbolic.kit_effects import StrokeShapes
    from stemgmd_tools.rendering.plan import Plan


def tuning(shapes: StrokeShapes, *, plan: Plan, cents: float, spread_cents: float, seed: int) -> StrokeShapes:
    """Add to the pitch of every piece; deviations are the same in every kit."""
    deviations = stream(seed, "tuning").uniform(-1.0, 1.0, len(PIECES))
    return _moved(shapes, cents, spread_cents, deviations[plan.strikes["piece"]])


def stroke_pitch(shapes: StrokeShapes, *, plan: Plan, cents: float, spread_cents: float, seed: int) -> StrokeShapes:
    """Add to the pitch of every stroke; deviations belong to hits, so they are the same in every kit."""
    hits = plan.strikes["hit"]
    deviations = stream(seed, "stroke_pitch").uniform(-1.0, 1.0, int(hits.max(initial=-1)) + 1)
    return _moved(shapes, cents, spread_cents, deviations[hits])


def _moved(shapes: StrokeShapes, cents: float, spread_cents: float, deviations: NDArray[np.float64]) -> StrokeShapes:
    return shapes._replace(cents=shapes.cents + (cents + (deviations * spread_cents if spread_cents else 0.0)))


def _parameters(unit: str) -> tuple[Parameter, ...]:
    spread = f"maximum deviation of each {unit}, uniformly distributed"
    return (
        Parameter("cents", "pitch", "cents", -2400.0, 2400.0, typical=137.0),
        Parameter("spread_cents", spread, "cents", 0.0, 1200.0, 0.0, typical=40.0),
        SEED,
    )


EFFECTS: Final = (
    StrokeEffect(
        "tuning",
        "Tunes pieces by resampling their one-shots; onsets are unchanged.",
        tuning,
        _parameters("piece"),
        STEMS,
    ),
    StrokeEffect(
        "stroke_pitch",
        "Shifts the pitch of every stroke by resampling its one-shot; onsets are unchanged.",
        stroke_pitch,
        _parameters("stroke"),
        STEMS,
    ),
)
