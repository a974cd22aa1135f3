"""Normalization of loudness."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import ANYWHERE, GainEffect, Parameter

if TYPE_CHECKING:
    from torch import Tensor


def loudness_normalization(sound: Tensor, *, lufs: float, sample_rate: int) -> float:
    """Return the gain that gives a sound its loudness; 0 dB for silence and what lies below -70 LUFS."""
    from stemgmd_tools.augment.audio.signal.loudness import loudness

    measured = loudness(sound, sample_rate)
    return 0.0 if math.isinf(measured) else lufs - measured


EFFECTS: Final = (
    GainEffect(
        "loudness_normalization",
        "Applies the gain that gives a loudness; silence is unchanged.",
        loudness_normalization,
        (Parameter("lufs", "target integrated loudness", "LUFS", -70.0, 0.0, typical=-22.0),),
        ANYWHERE,
        source="ITU-R BS.1770-4; audiomentations LoudnessNormalization",
    ),
)
