"""Saturation of the waveform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import ANYWHERE, AudioEffect, Parameter

if TYPE_CHECKING:
    from torch import Tensor


def saturation(audio: Tensor, *, drive: Tensor) -> Tensor:
    """Return ``tanh(drive x)``."""
    from stemgmd_tools.augment.audio.signal.gains import per_line
    from stemgmd_tools.augment.audio.signal.portable import tanh

    return tanh(audio.mul_(per_line(drive, audio)))


EFFECTS: Final = (
    AudioEffect(
        "saturation",
        "Saturates the waveform: tanh(drive x).",
        saturation,
        (Parameter("drive", "gain before tanh", "", 0.01, 100.0, typical=2.0),),
        ANYWHERE,
        source="LarsNet; audiomentations TanhDistortion",
    ),
)
