"""Gains: one for each line, in decibels, and as fades."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.signal.portable import exp10
from stemgmd_tools.numerics import elementary


def per_line(values: Tensor, audio: Tensor) -> Tensor:
    """Return one value per line in the shape that multiplies ``audio``."""
    return values.to(device=audio.device, dtype=audio.dtype)[:, None, None]


def ratio_of_db(gain_db: Tensor) -> Tensor:
    """Return amplitude ratios of gains in dB, float64."""
    return exp10(gain_db / 20.0)


def cosine_fade(frames: int) -> Tensor:
    """Return a fade-in of ``frames`` samples, strictly between 0 and 1."""
    phase = (np.arange(frames) + 0.5) / frames
    return torch.from_numpy(np.square(elementary.sin(np.pi / 2 * phase))).float()
