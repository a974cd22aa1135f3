"""Catalogue of all effects; validation, schema and documentation are derived from it.

Names follow audiomentations, pedalboard and scaper where possible. A step must give every parameter without a default.
Ranges are the values accepted, not recommendations; for those see the ready chains.
"""

from __future__ import annotations

from typing import Final

from stemgmd_tools.augment.chain.declarations.dynamics_rooms_noise import DYNAMICS, SPACE
from stemgmd_tools.augment.chain.declarations.levels_pitch_filters import FILTERS, LEVEL_EFFECTS, TIME_EFFECTS
from stemgmd_tools.augment.chain.declarations.mixture import MIX_EFFECTS
from stemgmd_tools.augment.chain.declarations.played import KIT_EFFECTS, PERFORMANCE_EFFECTS
from stemgmd_tools.augment.chain.declarations.types import DRAWN, SEEDS, Domain, Effect, Kind, Parameter, Scope
from stemgmd_tools.errors import UsageError
from stemgmd_tools.strict_yaml.problem import nearest

__all__ = [
    "DRAWN",
    "EFFECTS",
    "EFFECT_OF_NAME",
    "SEEDS",
    "Domain",
    "Effect",
    "Kind",
    "Parameter",
    "Scope",
    "find_effect",
]

EFFECTS: Final[tuple[Effect, ...]] = (
    *PERFORMANCE_EFFECTS,
    *KIT_EFFECTS,
    *LEVEL_EFFECTS,
    *TIME_EFFECTS,
    *FILTERS,
    *DYNAMICS,
    *SPACE,
    *MIX_EFFECTS,
)
"""All effects, by domain."""

EFFECT_OF_NAME: Final = {effect.name: effect for effect in EFFECTS}


def find_effect(name: str) -> Effect:
    """Return an effect by name.

    :raises UsageError: if there is no such effect.
    """
    try:
        return EFFECT_OF_NAME[name]
    except KeyError:
        close = nearest(name, EFFECT_OF_NAME)
        raise UsageError(f'no effect "{name}"{close}; known effects: {", ".join(EFFECT_OF_NAME)}') from None
