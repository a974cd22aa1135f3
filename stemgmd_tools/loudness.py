"""Loudness after ITU-R BS.1770-4: K-weighting and gating, for tracks that are written and for effects."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.numerics.elementary import exp10, log10, power, tan

HOPS_PER_SECOND: Final = 10
"""ITU-R BS.1770-4 gates blocks of 400 ms that overlap by 75 %: they are sums over four hops of 100 ms."""
HOPS_PER_BLOCK: Final = 4
ABSOLUTE_GATE_LUFS: Final = -70.0
RELATIVE_GATE_LU: Final = -10.0
OFFSET_LUFS: Final = -0.691

SHELF_HZ: Final = 1681.974450955533
SHELF_Q: Final = 0.7071752369554196
SHELF_GAIN: Final = exp10(3.999843853973347 / 20)
SHELF_MIDDLE: Final = power(SHELF_GAIN, 0.4996667741545416)
HIGH_PASS_HZ: Final = 38.13547087602444
HIGH_PASS_Q: Final = 0.5003270373238773
"""The analogue prototypes behind the table of BS.1770, which gives coefficients for 48 kHz (B. De Man, Evaluation of
implementations of the EBU R128 loudness measurement, AES 145, 2018)."""


def hop_frames(sample_rate: int) -> int:
    """Return the frames of one 100 ms hop."""
    return round(sample_rate / HOPS_PER_SECOND)


def integrated_loudness(hop_power: NDArray[np.float64]) -> float:
    """Return the gated loudness in LUFS of K-weighted mean squares per hop, channels summed; -inf if all is gated.

    Source: ITU-R BS.1770-4, annex 1. A track shorter than one block is measured as a single block.
    """
    if not len(hop_power):
        return -math.inf
    width = min(HOPS_PER_BLOCK, len(hop_power))
    blocks = np.lib.stride_tricks.sliding_window_view(hop_power, width).mean(axis=1)
    above = blocks[blocks > exp10((ABSOLUTE_GATE_LUFS - OFFSET_LUFS) / 10)]
    if not len(above):
        return -math.inf
    gated = above[above > above.mean() * exp10(RELATIVE_GATE_LU / 10)]
    return OFFSET_LUFS + 10 * log10(float(gated.mean()))


def k_weighting(sample_rate: int) -> NDArray[np.float64]:
    """Return the K-weighting filter as two second-order sections, shape (2, 6).

    BS.1770 tabulates it at 48 kHz; other rates use the analogue prototype behind the table, a high shelf of
    4 dB at 1.68 kHz and a high pass at 38 Hz, through the bilinear transform.
    """
    k = tan(math.pi * SHELF_HZ / sample_rate)
    q, high = SHELF_Q, SHELF_GAIN
    middle = SHELF_MIDDLE
    a0 = 1 + k / q + k * k
    shelf = [
        (high + middle * k / q + k * k) / a0,
        2 * (k * k - high) / a0,
        (high - middle * k / q + k * k) / a0,
        1.0,
        2 * (k * k - 1) / a0,
        (1 - k / q + k * k) / a0,
    ]
    k = tan(math.pi * HIGH_PASS_HZ / sample_rate)
    q = HIGH_PASS_Q
    a0 = 1 + k / q + k * k
    high_pass = [1.0, -2.0, 1.0, 1.0, 2 * (k * k - 1) / a0, (1 - k / q + k * k) / a0]
    return np.array([shelf, high_pass])
