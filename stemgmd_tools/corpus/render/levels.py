"""Measuring a track while it is written: peak, RMS, loudness, activity."""

from __future__ import annotations

import functools
import math
from typing import Final, TypedDict

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from stemgmd_tools import units
from stemgmd_tools.audio import Pcm
from stemgmd_tools.loudness import hop_frames, integrated_loudness, k_weighting
from stemgmd_tools.numerics.elementary import exp10, turn

ACTIVE_DBFS: Final = -60.0
"""A hop counts as active when its RMS is above this level."""
_DECIMALS: Final = 2


class Levels(TypedDict):
    """Levels of one track; dB figures are None where there is no sound (or nothing above the loudness gate)."""

    peak_dbfs: float | None
    rms_dbfs: float | None
    loudness_lufs: float | None
    active_fraction: float
    silent: bool


class TrackMeter:
    """Accumulates the levels of one stereo track, block by block.

    Loudness is the integrated loudness of ITU-R BS.1770-4. The K-weighted energy of a hop is taken from its spectrum,
    taken by itself, instead of by running the recursive filter over the track: several times as fast and,
    over drum stems, within 0.1 LU of it.

    :param sample_rate: in Hz; every block but the last must hold a whole number of hops (:func:`hop_frames`).
    """

    def __init__(self, sample_rate: int, bit_depth: int) -> None:
        """Start with silence."""
        self._hop = hop_frames(sample_rate)
        self._full = float(units.full_scale(bit_depth))
        self._weights = _energy_weights(sample_rate)
        self._spectra = np.empty((0, len(self._weights)), np.float32)
        self._peak = 0
        self._energy: list[NDArray[np.float64]] = []
        self._remainder_energy = 0.0
        self._frames = 0

    def update(self, block: Pcm) -> None:
        """Take in the next samples, shape (frames, 2)."""
        hops = len(block) // self._hop
        rows = block[: hops * self._hop].reshape(hops, self._hop * 2)
        peaks = np.maximum(rows.max(axis=1, initial=0), -rows.min(axis=1, initial=0).astype(np.int32))
        energy = np.zeros((hops, 2))
        sounding = np.flatnonzero(peaks)
        if len(sounding):
            # left + i right: one complex transform holds the energy of both channels and needs no reordering
            both = self._buffer(len(sounding))
            both[:, : rows.shape[1]] = rows if len(sounding) == hops else rows[sounding]
            both[:, rows.shape[1] :] = 0.0
            bins = fft.fft(both.view(np.complex64), overwrite_x=True).view(np.float32)
            np.multiply(bins, bins, out=bins)
            energy[sounding, 0] = bins.sum(axis=1) / (bins.shape[1] // 2)
            np.multiply(bins, self._weights, out=bins)
            energy[sounding, 1] = bins.sum(axis=1)
        self._energy.append(energy)
        rest = block[hops * self._hop :].astype(np.float64)
        self._remainder_energy += float(np.square(rest).sum())
        self._peak = max(self._peak, int(peaks.max(initial=0)), int(np.abs(rest).max(initial=0)))
        self._frames += len(block)

    def _buffer(self, hops: int) -> NDArray[np.float32]:
        """Return room for the spectra of some hops; the same memory each time, since fresh pages cost more."""
        if hops > len(self._spectra):
            self._spectra = np.empty((hops, len(self._weights)), np.float32)
        return self._spectra[:hops]

    def levels(self) -> Levels:
        """Return the levels of everything taken in so far."""
        energy = np.concatenate(self._energy) if self._energy else np.zeros((0, 2))
        plain = energy[:, 0] / self._full**2
        mean_square = (plain.sum() + self._remainder_energy / self._full**2) / max(1, 2 * self._frames)
        active = plain / (2 * self._hop) > exp10(ACTIVE_DBFS / 10)
        return Levels(
            peak_dbfs=_rounded(units.db_of_gain(self._peak / self._full)),
            rms_dbfs=_rounded(units.db_of_gain(math.sqrt(mean_square))),
            loudness_lufs=_rounded(integrated_loudness(energy[:, 1] / self._full**2 / self._hop)),
            active_fraction=round(float(active.mean()), 4) if len(active) else 0.0,
            silent=self._peak == 0,
        )


@functools.lru_cache(maxsize=8)
def _energy_weights(sample_rate: int) -> NDArray[np.float32]:
    """Return (2 * bins,) weights: squared real and imaginary parts of a hop's spectrum become K-weighted energy.

    Both channels' energy is the sum (Parseval). The hop is padded with zeros to a length of small factors, whose
    transform takes a third less time.
    """
    bins = fft.next_fast_len(hop_frames(sample_rate), real=True)
    turns = np.arange(bins) / bins
    weights = np.full(bins, 1.0 / bins)
    for section in k_weighting(sample_rate):
        weights *= _squared(section[:3], turns) / _squared(section[3:], turns)
    return np.repeat(weights, 2).astype(np.float32)


def _squared(coefficients: NDArray[np.float64], turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return ``|b0 + b1 / z + b2 / z**2| ** 2`` on the unit circle."""
    b0, b1, b2 = coefficients
    once, twice = turn(turns)[0], turn(2.0 * turns)[0]
    return np.asarray(b0 * b0 + b1 * b1 + b2 * b2 + 2.0 * b1 * (b0 + b2) * once + 2.0 * b0 * b2 * twice)


def _rounded(level: float) -> float | None:
    return round(level, _DECIMALS) if math.isfinite(level) else None
