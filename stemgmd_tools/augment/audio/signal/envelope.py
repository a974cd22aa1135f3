"""Envelopes at a control rate: block peaks, peak meters, smoothing and interpolation to samples.

Recursions are computed in parallel: a peak that decays by a constant number of dB per step is a running maximum of
``level + step * decay``; a one-pole smoother is a product in frequency. Neither depends on the batch.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.signal.gains import ratio_of_db
from stemgmd_tools.augment.audio.signal.lti import good_length, quotient
from stemgmd_tools.augment.audio.signal.portable import irfft, log10, rfft, times
from stemgmd_tools.numerics import elementary

BLOCK = 16
"""Samples per control step: 0.36 ms at 44.1 kHz."""
PART = 1 << 20
"""Samples of a line over which gains are interpolated at a time; a whole number of blocks."""
FLOOR_DB, FLOOR = -200.0, 1e-10
"""The quietest level, and its amplitude."""
DB_PER_TIME_CONSTANT = 8.685889638065035
"""20 log10 e: how far an exponential falls in one time constant."""


def control_steps(time_s: Tensor, sample_rate: int) -> Tensor:
    """Return times in control steps, float64."""
    return time_s.double() * (sample_rate / BLOCK)


def column(values: Tensor, like: Tensor) -> Tensor:
    """Return one value per line in the shape that combines with ``like`` (line, step)."""
    return values.to(device=like.device, dtype=like.dtype)[:, None]


def block_peaks(audio: Tensor) -> Tensor:
    """Return the peak over the channels (one or two) of each block: (line, channel, frame) to (line, step)."""
    parts = [_peaks(audio[..., start : start + PART]) for start in range(0, audio.shape[-1], PART)]
    return parts[0] if len(parts) == 1 else torch.cat(parts, 1)


def _peaks(audio: Tensor) -> Tensor:
    left, right = audio[:, 0], audio[:, -1]
    peak = torch.maximum(torch.maximum(left, right), -torch.minimum(left, right))
    full = peak.shape[1] // BLOCK * BLOCK
    blocks = peak[:, :full].reshape(len(peak), -1, BLOCK)
    while (width := blocks.shape[2]) > 1:  # four passes of vectors cost half of one amax over a short axis
        blocks = torch.maximum(blocks[..., : width // 2], blocks[..., width // 2 :])
    rest = peak[:, full:]
    return torch.cat([blocks[..., 0], *([rest.amax(1, keepdim=True)] if rest.shape[1] else [])], 1)


def decibels(amplitude: Tensor) -> Tensor:
    """Return 20 log10, not below ``FLOOR_DB``; float64."""
    return 20 * log10(amplitude.clamp_min(FLOOR))


def decaying_peak(level: Tensor, fall: Tensor) -> Tensor:
    """Return the level of a meter that rises at once and falls by ``fall`` (line,) a step: (line, step), float64."""
    steps = torch.arange(level.shape[1], dtype=torch.float64, device=level.device)
    ramp = steps * fall.double().to(level.device)[:, None]
    return torch.cummax(level.double() + ramp, 1).values - ramp


def one_pole(values: Tensor, time_constant: Tensor, before: float = 0.0) -> Tensor:
    """Return ``values`` (line, step) smoothed with a time constant in steps (line,), preceded by a constant ``before``.

    Each line is transformed by itself, so that its bits do not depend on the batch.

    :return: float32.
    """
    out = torch.empty(values.shape, device=values.device)
    for line, value, constant in zip(out, values, time_constant.tolist(), strict=True):
        if constant < MOMENT:
            line.copy_(value)
            continue
        pole = elementary.exp(-1.0 / constant)
        length = good_length(math.ceil(value.shape[0] + TAIL * constant) + 1)
        cosine, sine = _unit_circle(length, values.device)
        real, imaginary = quotient((1 - pole, 0.0), (1 - pole * cosine, pole * sine))
        factor = torch.complex(real.float(), imaginary.float())
        smooth = irfft(times(rfft((value - before).float(), length), factor), length)
        torch.add(smooth[: value.shape[0]], before, out=line)
    return out


@lru_cache(maxsize=16)
def _unit_circle(length: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return cos(w) and sin(w) at the bins of a transform: float64."""
    cosine, sine = elementary.turn(np.arange(length // 2 + 1) / length)
    return torch.from_numpy(cosine).to(device), torch.from_numpy(sine).to(device)


MOMENT = 0.05
"""Time constants below this number of steps are ignored."""
TAIL = 16.0
"""Time constants after which the response of a smoother has decayed to 1e-7."""


def apply_gain(audio: Tensor, steps: Tensor, out: Tensor | None = None) -> Tensor:
    """Return ``audio`` (line, channel, frame) times a gain that is linear between blocks.

    :param steps: (line, step + 1): the gain at the first sample of every block, and at the end of the last.
    :param out: receives the result; may be ``audio``.
    """
    out = torch.empty_like(audio) if out is None else out
    for start in range(0, audio.shape[-1], PART):
        part = audio[..., start : start + PART]
        first = start // BLOCK
        knots = steps[:, first : first + PART // BLOCK + 1]
        torch.mul(part, drawn_out(knots, part.shape[-1]), out=out[..., start : start + PART])
    return out


def apply_gain_db(audio: Tensor, gain_db: Tensor) -> Tensor:
    """Multiply ``audio`` by the gain of every block, (line, step) in dB, in place."""
    steps = torch.cat([gain_db, gain_db[:, -1:]], 1)  # the last block has an end
    return apply_gain(audio, ratio_of_db(steps).to(audio.dtype), audio)


def drawn_out(steps: Tensor, frames: int, block: int = BLOCK) -> Tensor:
    """Return a straight line through the values at every block's first sample: (line, step + 1) to (line, 1, frame)."""
    ramp = torch.arange(block, device=steps.device, dtype=steps.dtype) / block
    start, rise = steps[:, :-1, None], (steps[:, 1:] - steps[:, :-1])[:, :, None]
    return (start + rise * ramp).flatten(1)[:, None, :frames]
