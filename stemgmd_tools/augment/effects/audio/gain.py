"""Gain, in decibels and as a factor."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import ANYWHERE, AudioEffect, Law, Parameter

if TYPE_CHECKING:
    from torch import Tensor


def gain(audio: Tensor, *, gain_db: Tensor) -> Tensor:
    """Multiply by a gain in dB."""
    from stemgmd_tools.augment.audio.signal.gains import per_line, ratio_of_db

    return audio.mul_(per_line(ratio_of_db(gain_db), audio))


def scale(audio: Tensor, *, factor: Tensor) -> Tensor:
    """Multiply by an amplitude ratio."""
    from stemgmd_tools.augment.audio.signal.gains import per_line

    return audio.mul_(per_line(factor, audio))


EFFECTS: Final = (
    AudioEffect(
        "gain",
        "Applies a gain.",
        gain,
        (Parameter("gain_db", "gain", "dB", -60.0, 24.0, typical=-4.0),),
        ANYWHERE,
        source="audiomentations Gain",
        law=Law.LINEAR,
    ),
    AudioEffect(
        "scale",
        "Multiplies by an amplitude factor instead of a gain in decibels.",
        scale,
        (Parameter("factor", "amplitude ratio", "", 0.0, 16.0, typical=0.6),),
        ANYWHERE,
        source="Scale of Demucs",
        law=Law.LINEAR,
    ),
)
