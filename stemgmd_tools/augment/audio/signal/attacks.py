"""Where attacks lie in a line whose strokes nobody has told: found from how fast its level rises.

A meter that rises at once and falls slowly says what rings already; a stroke is where the level goes well above what
the meter said a moment ago. That is asked of the sound and of its differences from sample to sample, in which a stick
is heard above a drum that still rings.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stemgmd_tools.augment.audio.signal.envelope import BLOCK, block_peaks, decaying_peak, decibels

RISE_DB: Final = 4.0
"""A stroke rises by this much above what rings."""
RISE_S: Final = 0.003
"""The time within which it does."""
FALL_DB_PER_S: Final = 120.0
"""How fast the meter falls: between two peaks of a tone of 40 Hz by 1.5 dB. A stroke of the same loudness is found from
33 ms on; a meter that falls faster finds many in the beating of drums that ring."""
QUIETEST_DB: Final = -60.0
"""Below the line's peak; what is quieter is no stroke."""
SILENT_DBFS: Final = -120.0
"""Nothing below this is a stroke in any line."""
APART_S: Final = 0.020
"""Rises that follow one another closer than this are one stroke, unless the later is much louder."""
LOUDER_DB: Final = 12.0
"""A rise that reaches this much more than the one before it is a stroke, however close: that one was a beating."""
EARLIER: Final = 2 * BLOCK
"""Frames by which the beginning of an attack lies before its rise is plain."""


def detect_attacks(line: Tensor, sample_rate: int) -> NDArray[np.int64]:
    """Return the frames of the attacks in a line (channel, frame), rising.

    Every line is looked at by itself: what is found does not depend on the batch.
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
