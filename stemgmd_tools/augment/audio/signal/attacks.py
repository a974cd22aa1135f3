"""Detect attacks in a line from the rise of its level.

A peak meter that rises at once and falls slowly measures the ringing sound; an attack is where the level rises well
above the meter of a moment ago. The sound and its sample-to-sample differences are both used, since in the differences
a stick stands out from a drum that still rings.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stemgmd_tools.augment.audio.signal.envelope import BLOCK, block_peaks, decaying_peak, decibels

RISE_DB: Final = 4.0
"""Minimum rise of an attack above the ringing sound."""
RISE_S: Final = 0.003
"""Time within which an attack rises."""
FALL_DB_PER_S: Final = 120.0
"""Fall of the meter: 1.5 dB between two peaks of a tone of 40 Hz. Strokes of equal loudness are detected from 33 ms on;
a faster fall would detect attacks in the beating of ringing drums."""
QUIETEST_DB: Final = -60.0
"""Minimum level of an attack relative to the line's peak."""
SILENT_DBFS: Final = -120.0
"""Minimum level of an attack in any line."""
APART_S: Final = 0.020
"""Minimum distance of two attacks, unless the later is much louder."""
LOUDER_DB: Final = 12.0
"""A rise that is this much louder than the previous one is always an attack; the previous one was a beating."""
EARLIER: Final = 2 * BLOCK
"""Frames between the beginning of an attack and its detected rise."""


def detect_attacks(line: Tensor, sample_rate: int) -> NDArray[np.int64]:
    """Return the frames of the attacks in a line (channel, frame), ascending.

    Every line is analysed alone, so that the result does not depend on the batch.
    """
    steps = [_rising(sound[None], sample_rate) for sound in (line, line.diff(dim=-1)) if sound.shape[-1]]
    every = np.unique(np.concatenate(steps)) if steps else np.empty(0, np.int64)
    apart = max(1, round(APART_S * sample_rate / BLOCK))
    reached = _reached(line, every, max(1, round(RISE_S * sample_rate / BLOCK)))
    attacks: list[int] = []
    last_level = 0.0
    for step, level in zip(every.tolist(), reached.tolist(), strict=True):
        if not attacks or step - attacks[-1] >= apart or level > last_level + LOUDER_DB:
            attacks.append(step)
            last_level = level
    frames: NDArray[np.int64] = np.maximum(np.array(attacks, np.int64) * BLOCK - EARLIER, 0)
    return frames


def _rising(sound: Tensor, sample_rate: int) -> NDArray[np.int64]:
    """Return the steps at which the level of one sound (1, channel, frame) begins to stand out."""
    level = decibels(block_peaks(sound).cpu())  # peaks are exact on any device, logarithms are not
    fall = torch.tensor([FALL_DB_PER_S * BLOCK / sample_rate], dtype=torch.float64)
    meter_level = decaying_peak(level, fall)
    ago = max(1, round(RISE_S * sample_rate / BLOCK))
    before = torch.nn.functional.pad(meter_level, (ago, 0), value=-1000.0)[:, : meter_level.shape[1]]
    floor = max(float(level.max()) + QUIETEST_DB, SILENT_DBFS)
    out = (level > (before + RISE_DB).clamp_min(floor))[0].numpy()
    return np.flatnonzero(out & ~np.concatenate([[False], out[:-1]]))


def _reached(line: Tensor, steps: NDArray[np.int64], width: int) -> NDArray[np.float64]:
    """Return the highest level in dB of a line (channel, frame) within ``width`` steps from each of ``steps``."""
    level = decibels(block_peaks(line[None]).cpu())[0]
    highest = torch.nn.functional.pad(level, (0, width - 1), value=-1000.0).unfold(0, width, 1).amax(1).numpy()
    return highest[np.minimum(steps, len(highest) - 1)]
