"""Converters of early samplers: few bits, low rates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from stemgmd_tools.augment.chain.effect import ANYWHERE, AudioEffect, Kind, Law, Parameter

if TYPE_CHECKING:
    from torch import Tensor

CHUNK: Final = 1 << 18
"""Frames per part, since the frames that are held need additional memory."""
JUST_BEFORE: Final = 1e-6
"""Tolerance in frames for rounded quotients."""


def bit_crush(audio: Tensor, *, bits: Tensor) -> Tensor:
    """Round to the steps of a converter of ``bits`` bits; ties to even."""
    from stemgmd_tools.augment.audio.signal.gains import per_line

    steps = per_line(1 << (bits - 1), audio)
    return audio.mul_(steps).round_().mul_(1 / steps)  # a power of two: as exact as a division


def sample_rate_reduction(audio: Tensor, *, rate_hz: Tensor, sample_rate: int) -> Tensor:
    """Sample at ``rate_hz`` and hold each sample until the next."""
    import torch

    out = torch.empty_like(audio)
    for index, rate in enumerate(rate_hz.tolist()):
        step = sample_rate / min(rate, sample_rate)
        for start in range(0, audio.shape[-1], CHUNK):
            stop = min(start + CHUNK, audio.shape[-1])
            frames = torch.arange(start, stop, dtype=torch.float64, device=audio.device)
            frames_held = torch.ceil(torch.floor(frames / step) * step - JUST_BEFORE).long()
            out[index, :, start:stop] = audio[index][:, frames_held.clamp_(0, audio.shape[-1] - 1)]
    return out


EFFECTS: Final = (
    AudioEffect(
        "sample_rate_reduction",
        "Sample-and-hold at a lower rate, with audible images, as in early samplers.",
        sample_rate_reduction,
        (Parameter("rate_hz", "sampling rate", "Hz", 1000.0, 192_000.0, typical=9000.0),),
        ANYWHERE,
        law=Law.LINEAR,
    ),
    AudioEffect(
        "bit_crush",
        "Rounds samples to fewer bits.",
        bit_crush,
        (Parameter("bits", "bits per sample", "", 2, 24, kind=Kind.INTEGER, typical=9),),
        ANYWHERE,
        source="audiomentations BitCrush",
    ),
)
