"""Decay time of strokes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import STEMS, Parameter, StrokeEffect

if TYPE_CHECKING:
    from stemgmd_tools.augment.symbolic.kit_effects import StrokeShapes


def damping(shapes: StrokeShapes, *, decay: float) -> StrokeShapes:
    """Multiply the decay times."""
    return shapes._replace(decay=shapes.decay * decay)


EFFECTS: Final = (
    StrokeEffect(
        "damping",
        "Scales the decay time of every stroke; attacks are unchanged and no sound becomes longer.",
        damping,
        (Parameter("decay", "factor on the decay time", "", 0.1, 1.2, typical=0.7),),
        STEMS,
    ),
)
