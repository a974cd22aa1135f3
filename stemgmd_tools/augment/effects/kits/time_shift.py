"""Shift in time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools import units
from stemgmd_tools.augment.chain.effect import STEMS, Parameter, SourceEffect

if TYPE_CHECKING:
    from stemgmd_tools.augment.symbolic.kit_effects import Layers


def time_shift(layers: Layers, *, shift_s: float, sample_rate: int) -> Layers:
    """Read every layer from a position ``shift_s`` earlier."""
    later = units.frames_of(shift_s, sample_rate)
    return tuple(layer._replace(start=layer.start - later) for layer in layers)


EFFECTS: Final = (
    SourceEffect(
        "time_shift",
        "Shifts the stem in time by reading it from another position, so that nothing is cut off.",
        time_shift,
        (Parameter("shift_s", "delay", "s", -30.0, 30.0, typical=0.11),),
        STEMS,
        changes_time=True,
        source="Shift of Demucs; Jeon et al. 2024",
    ),
)
