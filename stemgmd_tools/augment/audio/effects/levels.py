"""Effects on single samples: gain, polarity, channels, saturation, bit depth and sampling rate.

All take ``audio`` (line, channel, frame) float32 and one parameter value per line, and return the shape of ``audio``.
``out`` receives the result and may be ``audio`` itself, since allocation costs more than most of these effects.
Without it ``audio`` is not changed.
"""

from __future__ import annotations

import torch
from torch import Tensor

from stemgmd_tools.augment.audio.signal.blocks import IN_CACHE
from stemgmd_tools.augment.audio.signal.portable import exp10, tanh

CHUNK = 1 << 18
"""Frames per part in effects that need additional memory."""
JUST_BEFORE = 1e-6
"""Tolerance in frames for rounded quotients."""


def per_line(values: Tensor, audio: Tensor) -> Tensor:
    """Return one value per line in the shape that multiplies ``audio``."""
    return values.to(device=audio.device, dtype=audio.dtype)[:, None, None]


def ratio_of_db(gain_db: Tensor) -> Tensor:
    """Return amplitude ratios of gains in dB, float64."""
    return exp10(gain_db / 20.0)


def gain(audio: Tensor, gain_db: Tensor, out: Tensor | None = None) -> Tensor:
    """Multiply by a gain in dB."""
    return torch.mul(audio, per_line(ratio_of_db(gain_db), audio), out=out)


def scale(audio: Tensor, factor: Tensor, out: Tensor | None = None) -> Tensor:
    """Multiply by an amplitude ratio."""
    return torch.mul(audio, per_line(factor, audio), out=out)


def polarity_inversion(audio: Tensor, out: Tensor | None = None) -> Tensor:
    """Invert the polarity."""
    return torch.neg(audio, out=out)


def channel_swap(audio: Tensor, out: Tensor | None = None) -> Tensor:
    """Swap left and right; mono is unchanged."""
    out = torch.empty_like(audio) if out is None else out
    for start in range(0, audio.shape[-1], IN_CACHE):
        part = slice(start, start + IN_CACHE)
        left = audio[:, :1, part].clone()
        out[:, :1, part] = audio[:, -1:, part]
        out[:, -1:, part] = left
    return out


def stereo_width(audio: Tensor, width: Tensor, out: Tensor | None = None) -> Tensor:
    """Scale the difference of left and right: 0 mono, 1 unchanged; mono is unchanged.

    Written as ``x + (width - 1) * side`` so that a width of 1 changes no bit.
    """
    out = torch.empty_like(audio) if out is None else out
    if audio.shape[1] != 2:
        return out.copy_(audio)
    wider = per_line(width, audio) - 1
    for start in range(0, audio.shape[-1], IN_CACHE):
        part = slice(start, start + IN_CACHE)
        left, right = audio[:, :1, part], audio[:, 1:, part]
        side = (left - right).mul_(wider).div_(2)
        torch.add(left, side, out=out[:, :1, part])
        torch.sub(right, side, out=out[:, 1:, part])
    return out


def saturation(audio: Tensor, drive: Tensor, out: Tensor | None = None) -> Tensor:
    """Return ``tanh(drive x)``."""
    return tanh(torch.mul(audio, per_line(drive, audio), out=out))


def bit_crush(audio: Tensor, bits: Tensor, out: Tensor | None = None) -> Tensor:
    """Round to the steps of a converter of ``bits`` bits; ties to even."""
    steps = per_line(1 << (bits - 1), audio)
    return torch.mul(audio, steps, out=out).round_().mul_(1 / steps)  # a power of two: as exact as a division


def sample_rate_reduction(audio: Tensor, rate_hz: Tensor, *, sample_rate: int) -> Tensor:
    """Sample at ``rate_hz`` and hold each sample until the next, with audible images, as in early samplers."""
    out = torch.empty_like(audio)
    for index, rate in enumerate(rate_hz.tolist()):
        step = sample_rate / min(rate, sample_rate)
        for start in range(0, audio.shape[-1], CHUNK):
            stop = min(start + CHUNK, audio.shape[-1])
            frames = torch.arange(start, stop, dtype=torch.float64, device=audio.device)
            frames_held = torch.ceil(torch.floor(frames / step) * step - JUST_BEFORE).long()
            out[index, :, start:stop] = audio[index][:, frames_held.clamp_(0, audio.shape[-1] - 1)]
    return out
