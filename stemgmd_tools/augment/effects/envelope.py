"""Envelopes at a control rate: peaks of short blocks, held, smoothed and drawn out to samples again.

Recursions become parallel: a peak that decays by a constant number of dB per step is a running maximum of
``level + step * decay``; a one-pole smoother is a product in frequency. Both are the same in a batch and alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 16
"""Samples per control step: 0.36 ms at 44.1 kHz."""
FLOOR_DB = -200.0
DB_PER_TIME_CONSTANT = 8.685889638065035
"""20 log10 e: how far an exponential falls in one time constant."""


def block_peaks(audio: Tensor, block: int = BLOCK) -> Tensor:
    """Return the peak over channels and each ``block`` samples: (line, channel, frame) to (line, step)."""
    low, high = audio.aminmax(dim=1) if audio.shape[1] > 2 else _extremes(audio)
    peak = torch.maximum(high, -low)
    short = -peak.shape[1] % block
    return torch.nn.functional.pad(peak, (0, short)).view(len(peak), -1, block).amax(2)


def _extremes(audio: Tensor) -> tuple[Tensor, Tensor]:
    first, last = audio[:, 0], audio[:, -1]
    return torch.minimum(first, last), torch.maximum(first, last)


def decibels(amplitude: Tensor) -> Tensor:
    """Return 20 log10, not below ``FLOOR_DB``."""
    return 20 * torch.log10(amplitude.clamp_min(10 ** (FLOOR_DB / 20)))


def decaying_peak(level: Tensor, fall: Tensor) -> Tensor:
    """Return the level of a meter that rises at once and falls by ``fall`` (line,) a step: (line, step), float64."""
    steps = torch.arange(level.shape[1], dtype=torch.float64, device=level.device)
    ramp = steps * fall.double().to(level.device)[:, None]
    return torch.cummax(level.double() + ramp, 1).values - ramp


def one_pole(values: Tensor, time_constant: Tensor, before: float = 0.0) -> Tensor:
    """Return ``values`` (line, step) smoothed with a time constant in steps (line,), having been ``before`` for long.

    Each line is transformed by itself, so that its bits do not depend on the batch.
    """
    out = torch.empty_like(values)
    for line, value, constant in zip(out, values, time_constant.tolist(), strict=True):
        if constant < MOMENT:
            line.copy_(value)
            continue
        pole = float(torch.exp(torch.tensor(-1.0 / constant, dtype=torch.float64)))
        length = 1 << int(value.shape[0] + TAIL * constant + 1).bit_length()
        turn = -2 * torch.pi * torch.arange(length // 2 + 1, dtype=torch.float64, device=values.device) / length
        factor = (1 - pole) / (1 - pole * torch.polar(torch.ones_like(turn), turn))
        smooth = torch.fft.irfft(torch.fft.rfft((value - before).double(), length) * factor, length)
        line.copy_(smooth[: value.shape[0]] + before)
    return out


MOMENT = 0.05
"""Time constants below this many steps are none."""
TAIL = 16.0
"""After so many time constants a smoother has forgotten, to 1e-7."""


def drawn_out(steps: Tensor, frames: int, block: int = BLOCK) -> Tensor:
    """Return a straight line through the values at every block's first sample: (line, step + 1) to (line, 1, frame)."""
    ramp = torch.arange(block, device=steps.device, dtype=steps.dtype) / block
    start, rise = steps[:, :-1, None], (steps[:, 1:] - steps[:, :-1])[:, :, None]
    return (start + rise * ramp).flatten(1)[:, None, :frames]
