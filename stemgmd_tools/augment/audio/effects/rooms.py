"""Synthetic rooms: exponentially decaying noise whose treble decays faster, independent in the two channels.

The noise is shaped in short overlapping spectra: at frequency f it falls by 60 dB within
``decay_s / (1 + (f / damping_hz)^2)``, so at ``damping_hz`` within half of ``decay_s``. J. A. Moorer, About this
reverberation business, Computer Music Journal 3 (2), 1979, for rooms as decaying noise.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stemgmd_tools.augment.audio.effects.noise import noise
from stemgmd_tools.augment.audio.signal.lti import Response, impulse_response
from stemgmd_tools.augment.audio.signal.portable import irfft, rfft, scaled, total
from stemgmd_tools.numerics import elementary

FRAME = 512
HALF = FRAME // 2
LENGTH = 1.1
"""Length of a room as a multiple of its decay time, at which it has fallen by 66 dB."""
LN_60_DB = elementary.log(1000.0)


@lru_cache(maxsize=64)
def room(decay_s: float, predelay_ms: float, damping_hz: float, seed: int, channels: int, sample_rate: int) -> Tensor:
    """Return the impulse response of a synthetic room, its energy 1 in the mean of the channels.

    :param decay_s: decay time to -60 dB, far below ``damping_hz``.
    :param predelay_ms: silence before it.
    :param damping_hz: frequency at which the decay time is halved.
    :return: (channel, frame) float32 on the CPU.
    """
    frames = max(1, math.ceil(LENGTH * decay_s * sample_rate))
    blocks = frames // HALF + 2
    sound = noise(seed, channels, 0, blocks * FRAME).view(channels, blocks, FRAME)
    frequency = np.arange(HALF + 1) * (sample_rate / FRAME)
    # What falls faster than decay_s alone; the decay that all share is applied to every sample below.
    extra = LN_60_DB / decay_s * np.square(frequency / damping_hz)
    middle_s = np.arange(blocks)[:, None] * (HALF / sample_rate)
    shape = _floats(elementary.exp(-extra * middle_s))
    window = _floats(elementary.sin(np.pi * (np.arange(FRAME) + 0.5) / FRAME))
    shaped = irfft(scaled(rfft(sound), shape), FRAME) * window
    joined = shaped[:, :-1, HALF:] + shaped[:, 1:, :HALF]
    time_s = np.arange(frames) / sample_rate
    taps = joined.reshape(channels, -1)[:, :frames] * _floats(elementary.exp(-LN_60_DB / decay_s * time_s))
    return torch.nn.functional.pad(unit_energy(taps), (round(predelay_ms / 1000 * sample_rate), 0))


def _floats(values: NDArray[np.float64]) -> Tensor:
    return torch.from_numpy(values).float()


def unit_energy(taps: Tensor) -> Tensor:
    """Return an impulse response (channel, frame) of energy 1 in the mean of its channels; silence stays."""
    energy = (total(taps.double().square().flatten()) / len(taps)).sqrt().clamp_min(1e-20)
    return (taps / energy).float()


def reverberation(taps: Tensor, wet_db: float) -> Response:
    """Return the response of the dry sound plus its convolution with ``taps`` (energy 1) at ``wet_db``."""
    return impulse_response(taps, dry=1.0, wet=elementary.exp10(wet_db / 20))
