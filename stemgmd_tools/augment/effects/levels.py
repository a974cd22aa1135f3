"""Level, sign, channels and bent waveforms: each sample by itself.

All take ``audio`` (line, channel, frame) float32 and one parameter value per line, and return the shape of ``audio``.
"""

from __future__ import annotations

import torch
from torch import Tensor

CHUNK = 1 << 18
"""Frames computed at once where more memory is needed than for the sound."""
JUST_BEFORE = 1e-6
"""A frame this little before a sample counts as at it: quotients are not exact."""


def per_line(values: Tensor, audio: Tensor) -> Tensor:
    """Return one value per line in the shape that multiplies ``audio``."""
    return values.to(device=audio.device, dtype=audio.dtype)[:, None, None]


def ratio_of_db(gain_db: Tensor) -> Tensor:
    """Return amplitude ratios of gains in dB, in the precision of ``gain_db``."""
    return torch.pow(10.0, gain_db / 20.0)


def gain(audio: Tensor, gain_db: Tensor) -> Tensor:
    """Multiply by a gain in dB."""
    return audio * per_line(ratio_of_db(gain_db), audio)


def scale(audio: Tensor, factor: Tensor) -> Tensor:
    """Multiply by an amplitude ratio."""
    return audio * per_line(factor, audio)


def polarity_inversion(audio: Tensor) -> Tensor:
    """Change the sign."""
    return -audio


def channel_swap(audio: Tensor) -> Tensor:
    """Swap left and right; mono stays."""
    return audio.flip(1)


def stereo_width(audio: Tensor, width: Tensor) -> Tensor:
    """Scale the difference of left and right: 0 mono, 1 as it is; mono stays.

    Written as ``x + (width - 1) * side`` so that a width of 1 changes no bit.
    """
    if audio.shape[1] != 2:
        return audio.clone()
    side = (audio[:, :1] - audio[:, 1:]) * (per_line(width, audio) - 1) / 2
    return torch.cat([audio[:, :1] + side, audio[:, 1:] - side], 1)


def saturation(audio: Tensor, drive: Tensor) -> Tensor:
    """Return ``tanh(drive x)``."""
    return torch.tanh_(audio * per_line(drive, audio))


def bit_crush(audio: Tensor, bits: Tensor) -> Tensor:
    """Round to the steps of a converter of ``bits`` bits; half steps go to the even one."""
    steps = per_line(torch.pow(2.0, bits.double() - 1), audio)
    return (audio * steps).round_().div_(steps)


def sample_rate_reduction(audio: Tensor, rate_hz: Tensor, *, sample_rate: int) -> Tensor:
    """Take samples at ``rate_hz`` and hold each until the next: images are heard, as of early samplers."""
    out = torch.empty_like(audio)
    for index, rate in enumerate(rate_hz.tolist()):
        step = sample_rate / min(rate, sample_rate)
        for start in range(0, audio.shape[-1], CHUNK):
            stop = min(start + CHUNK, audio.shape[-1])
            frames = torch.arange(start, stop, dtype=torch.float64, device=audio.device)
            taken = torch.ceil(torch.floor(frames / step) * step - JUST_BEFORE).long()
            out[index, :, start:stop] = audio[index][:, taken.clamp_(0, audio.shape[-1] - 1)]
    return out
