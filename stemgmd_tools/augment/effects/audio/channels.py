"""Polarity and channels. Mono is unchanged by what swaps or widens channels."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import ANYWHERE, STEMS, AudioEffect, Law, Parameter

if TYPE_CHECKING:
    from torch import Tensor


def polarity_inversion(audio: Tensor) -> Tensor:
    """Invert the polarity."""
    return audio.neg_()


def channel_swap(audio: Tensor) -> Tensor:
    """Swap left and right."""
    from stemgmd_tools.augment.audio.signal.blocks import IN_CACHE

    for start in range(0, audio.shape[-1], IN_CACHE):
        part = slice(start, start + IN_CACHE)
        left = audio[:, :1, part].clone()
        audio[:, :1, part] = audio[:, -1:, part]
        audio[:, -1:, part] = left
    return audio


def stereo_width(audio: Tensor, *, width: Tensor) -> Tensor:
    """Scale the difference of left and right: 0 mono, 1 unchanged.

    Written as ``x + (width - 1) * side`` so that a width of 1 changes no bit.
    """
    from stemgmd_tools.augment.audio.signal.blocks import IN_CACHE
    from stemgmd_tools.augment.audio.signal.gains import per_line

    if audio.shape[1] != 2:
        return audio
    wider = per_line(width, audio) - 1
    for start in range(0, audio.shape[-1], IN_CACHE):
        part = slice(start, start + IN_CACHE)
        left, right = audio[:, :1, part], audio[:, 1:, part]
        side = (left - right).mul_(wider).div_(2)
        left.add_(side)
        right.sub_(side)
    return audio


EFFECTS: Final = (
    AudioEffect(
        "polarity_inversion",
        "Inverts the polarity.",
        polarity_inversion,
        (),
        STEMS,
        source="audiomentations PolarityInversion",
        law=Law.LINEAR,
    ),
    AudioEffect(
        "channel_swap", "Swaps left and right.", channel_swap, (), STEMS, source="LarsNet; Demucs", law=Law.LINEAR
    ),
    AudioEffect(
        "stereo_width",
        "Scales the difference of left and right.",
        stereo_width,
        (Parameter("width", "0 mono, 1 unchanged, 2 twice as wide", "", 0.0, 2.0, typical=0.4),),
        ANYWHERE,
        law=Law.LINEAR,
    ),
)
