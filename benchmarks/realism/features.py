"""What a program hears of a one-shot: a coarse log-mel patch, blind to level and to the noise of a recording."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

Float = NDArray[np.float64]

SAMPLE_RATE: Final = 44_100
BANDS: Final = 28
LOWEST_HZ: Final = 30.0
HIGHEST_HZ: Final = 18_000.0
WINDOW: Final = 1024
HOP: Final = 128
TIMES_S: Final = (0.0, 0.006, 0.015, 0.03, 0.055, 0.1, 0.18, 0.32, 0.55, 0.9, 1.4)
"""Borders of the patch's ten stretches of time."""
RANGE_DB: Final = 60.0
"""Cells softer than this below the loudest one count as this: a recording's noise floor is not a sound."""


def mel_of_hz(frequency_hz: Float | float) -> Float:
    """Return the mel number of a frequency (O'Shaughnessy 1987)."""
    return np.asarray(2595.0 * np.log10(1.0 + np.asarray(frequency_hz) / 700.0))


@lru_cache
def mel_bank(window: int, bands: int, lowest_hz: float, highest_hz: float, rate: int = SAMPLE_RATE) -> Float:
    """Return triangular mel bands, shape (bands, window // 2 + 1); each sums to 1, and none is empty.

    A band narrower than a bin takes the nearest bin.
    """
    points = np.linspace(mel_of_hz(lowest_hz), mel_of_hz(highest_hz), bands + 2)
    edges = 700.0 * (10.0 ** (points / 2595.0) - 1.0)
    bins = np.arange(window // 2 + 1) * rate / window
    rise = (bins - edges[:-2, None]) / np.diff(edges)[:-1, None]
    fall = (edges[2:, None] - bins) / np.diff(edges)[1:, None]
    bank = np.maximum(0.0, np.minimum(rise, fall))
    for band in np.flatnonzero(bank.sum(axis=1) == 0.0):
        bank[band, np.argmin(np.abs(bins - edges[band + 1]))] = 1.0
    return np.asarray(bank / bank.sum(axis=1, keepdims=True))


def power_frames(sound: Float, window: int, hop: int, frames: int) -> Float:
    """Return the power spectrum of a sound, mean of its channels, shape (frames, window // 2 + 1).

    Frame ``i`` is centred on sample ``i * hop``; what lies outside the sound is silence.
    """
    padded = np.zeros((window // 2 + (frames - 1) * hop + window, sound.shape[1]))
    inside = sound[: len(padded) - window // 2]
    padded[window // 2 : window // 2 + len(inside)] = inside
    cut = np.lib.stride_tricks.sliding_window_view(padded, window, axis=0)[::hop][:frames]
    spectrum = np.fft.rfft(cut * np.hanning(window + 1)[:-1], axis=-1)
    return np.asarray((np.abs(spectrum) ** 2).mean(axis=1))


def patch_power(sound: Float) -> Float:
    """Return the mean power in each mel band and stretch of time, shape (28, 10).

    :param sound: shape (frames, channels), its attack at frame 0.
    """
    frames = round(TIMES_S[-1] * SAMPLE_RATE / HOP)
    power = power_frames(sound, WINDOW, HOP, frames) @ mel_bank(WINDOW, BANDS, LOWEST_HZ, HIGHEST_HZ).T
    borders = [round(time_s * SAMPLE_RATE / HOP) for time_s in TIMES_S]
    return np.stack([power[start:stop].mean(axis=0) for start, stop in pairwise(borders)], axis=1)


def decibels(power: Float, floor: Float | float | None = None) -> Float:
    """Return ``power`` in dB re its own maximum, not below :data:`RANGE_DB` under it nor below ``floor`` (a power)."""
    lowest = power.max() * 10.0 ** (-RANGE_DB / 10.0)
    lowest = np.maximum(lowest, floor) if floor is not None else lowest
    return np.asarray(10.0 * np.log10(np.maximum(power, lowest) / power.max()))


def patch(sound: Float) -> Float:
    """Return the coarse log-mel patch of a one-shot, dB re its loudest cell, shape (280,)."""
    return decibels(patch_power(sound)).ravel()
