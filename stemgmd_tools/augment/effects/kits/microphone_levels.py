"""Levels of close microphones, overheads and room microphones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import STEMS, Parameter, SourceEffect
from stemgmd_tools.kits.sample_map.microphones import Role

if TYPE_CHECKING:
    from stemgmd_tools.augment.symbolic.kit_effects import Layers


def microphone_levels(layers: Layers, *, close_db: float, overhead_db: float, room_db: float) -> Layers:
    """Mix what the microphones hear anew."""
    levels = {Role.CLOSE: close_db, Role.OVERHEAD: overhead_db, Role.ROOM: room_db}
    return tuple(
        layer._replace(levels_db=tuple((role, levels[role] + dict(layer.levels_db).get(role, 0.0)) for role in Role))
        for layer in layers
    )


def _level(role: str) -> Parameter:
    return Parameter(f"{role}_db", f"added to the level of {role} microphones", "dB", -60.0, 12.0, 0.0, typical=-6.0)


EFFECTS: Final = (
    SourceEffect(
        "microphone_levels",
        "Mixes the microphones of a recorded kit anew: a dry or a roomy kit, with the bleed that was recorded. The "
        "source has to be rendered with microphones, and other effects must not change its strokes.",
        microphone_levels,
        (_level("close"), _level("overhead"), _level("room")),
        STEMS,
        needs_microphones=True,
    ),
)
