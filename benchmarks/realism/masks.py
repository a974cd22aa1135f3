"""Mixtures as mel frames, masks over them, and how well a mask separates."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from benchmarks.realism.features import mel_bank
from stemgmd_tools.pieces import GROUPS

WINDOW: Final = 2048
HOP: Final = 512
BANDS: Final = 40
LOWEST_HZ: Final = 30.0
HIGHEST_HZ: Final = 18_000.0
RANGE_DB: Final = 80.0
"""Frames' bands softer than this below the loudest of the excerpt count as this."""
SILENT_DB: Final = -40.0
"""A stem softer than this re the mixture is as good as absent: nothing is asked about it."""
_TINY: Final = 1e-12

Audio = NDArray[np.float32]


@lru_cache
def _window() -> NDArray[np.float32]:
    return np.sqrt(np.hanning(WINDOW + 1)[:-1]).astype(np.float32)


def stft(sound: Audio, every: int = 1) -> NDArray[np.complex64]:
    """Return the spectra of a mono sound, shape (frames, 1025), frame ``i`` centred on sample ``i * HOP``.

    :param every: leave out all frames but each so-manieth.
    """
    padded = np.pad(sound, (WINDOW // 2, WINDOW))
    frames = len(sound) // HOP + 1
    cut = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[: frames * HOP : HOP * every]
    return np.asarray(scipy.fft.rfft(cut * _window(), axis=-1))


def istft(spectra: NDArray[np.complex64], length: int) -> Audio:
    """Return the sound of spectra that :func:`stft` made, or that a mask changed; the first and last frames fade."""
    cut = scipy.fft.irfft(spectra, WINDOW, axis=-1) * _window()
    out = np.zeros(((len(cut) - 1) * HOP + WINDOW + HOP * (WINDOW // HOP),), np.float32)
    overlap = WINDOW // HOP
    for phase in range(overlap):
        rows = cut[phase::overlap]
        out[phase * HOP : phase * HOP + rows.size] += rows.reshape(-1)
    gain = overlap / 2  # what the squares of the windows add up to
    return out[WINDOW // 2 : WINDOW // 2 + length] / np.float32(gain)


def mel_power(spectra: NDArray[np.complex64]) -> NDArray[np.float32]:
    """Return the power in each mel band, shape (frames, 40)."""
    power = spectra.real**2 + spectra.imag**2
    bank = mel_bank(WINDOW, BANDS, LOWEST_HZ, HIGHEST_HZ).astype(np.float32)
    return np.asarray(power @ bank.T)


def log_mel(power: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what a network hears of an excerpt: dB re its mean power, divided by 20; blind to its level."""
    floor = power.max() * 10.0 ** (-RANGE_DB / 10.0) + _TINY
    return np.asarray(np.log10(np.maximum(power, floor) / (power.mean() + _TINY)) / 2.0, np.float32)


def shares(stem_powers: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the share of each stem in the power of each band: the best mask there is on this grid.

    :param stem_powers: shape (5, frames, 40).
    :return: shape (frames, 5, 40); its sum over the stems is 1.
    """
    total = stem_powers.sum(axis=0) + _TINY
    return np.asarray(np.moveaxis(stem_powers / total, 0, 1))


@lru_cache
def _to_bins() -> NDArray[np.float32]:
    """Return the matrix (40, 1025) that takes a mask from mel bands to bins, linear between the bands' centres."""
    bank = mel_bank(WINDOW, BANDS, LOWEST_HZ, HIGHEST_HZ)
    bins = np.arange(WINDOW // 2 + 1)
    centres = bank @ bins
    return np.stack([np.interp(bins, centres, row) for row in np.eye(BANDS)]).astype(np.float32)


def separated(mixture: NDArray[np.complex64], mask: NDArray[np.float32], length: int) -> Audio:
    """Return the stems that a mask, shape (frames, 5, 40), cuts out of a mixture, shape (5, length)."""
    return np.stack([istft(mixture * (mask[:, stem] @ _to_bins()), length) for stem in range(len(GROUPS))])


def sdr_db(stems: Audio, estimates: Audio) -> NDArray[np.float64]:
    """Return the signal-to-distortion ratio of each stem in dB, shape (5,); NaN for stems that are absent."""
    energy = (stems.astype(np.float64) ** 2).sum(axis=1)
    error = ((stems.astype(np.float64) - estimates) ** 2).sum(axis=1)
    mixture = (stems.astype(np.float64).sum(axis=0) ** 2).sum()
    ratio = 10.0 * np.log10((energy + _TINY) / (error + _TINY))
    return np.asarray(np.where(energy > mixture * 10.0 ** (SILENT_DB / 10.0), ratio, np.nan))
