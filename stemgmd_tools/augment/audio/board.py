"""Process mixtures with pedalboard (GPL-3), one at a time, on the CPU."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.impulse_responses import ImpulseResponses
from stemgmd_tools.augment.chain.effect import BoardEffect, Value

SHORTEST: Final = 4
"""Minimum frames, so that pedalboard does not confuse frames and channels; shorter mixtures are padded."""


def through_board(
    effect: BoardEffect,
    mixture: Tensor,
    values: Mapping[str, Value],
    sample_rate: int,
    impulse_responses: ImpulseResponses,
) -> Tensor:
    """Return a mixture after an effect, with the same length and without a codec's delay.

    :param mixture: (channel, frame) float32.
    :param values: parameters of the effect.
    :raises UsageError: if pedalboard is not installed.
    """
    effect.require_library()
    board = import_module(effect.library)
    plugins = effect.call(board, values=values, sample_rate=sample_rate, impulse_responses=impulse_responses)
    audio = mixture.cpu().numpy()
    sound = np.pad(audio, ((0, 0), (0, max(0, SHORTEST - audio.shape[1]))))
    out = np.asarray(board.Pedalboard(plugins)(sound, float(sample_rate)), np.float32)
    out = out[:, : audio.shape[1]]
    if effect.keeps_level:
        out = out * _level_gain(audio, out)
    return torch.from_numpy(np.pad(out, ((0, 0), (0, audio.shape[1] - out.shape[1]))))


def _level_gain(before: np.ndarray, after: np.ndarray) -> np.float32:
    """Return the gain that brings ``after`` to the RMS of ``before``."""
    energy = float(np.square(after, dtype=np.float64).sum())
    return np.float32(np.sqrt(float(np.square(before, dtype=np.float64).sum()) / energy) if energy else 1.0)
