"""Columns of ``stems`` that are measured on the audio: peak, RMS, loudness and activity."""

from __future__ import annotations

import functools
import math
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import fft

from stemgmd_tools import units
from stemgmd_tools.audio import Pcm
from stemgmd_tools.loudness import hop_frames, integrated_loudness, k_weighting
from stemgmd_tools.manifest.contexts import TrackFormat
from stemgmd_tools.manifest.schema import Column, Columns, Dtype
from stemgmd_tools.manifest.values import Measured
from stemgmd_tools.numerics.elementary import exp10, turn

ACTIVE_DBFS: Final = -60.0
"""A hop counts as active when its RMS is above this level."""
_DECIMALS: Final = 2


class LevelMeter:
    """Accumulates the levels of one stereo track, block by block.

    Loudness is the integrated loudness of ITU-R BS.1770-4. The K-weighted energy of each hop is computed from the
    spectrum of that hop instead of with the recursive filter: this is several times as fast and, on drum stems, agrees
    within 0.1 LU.

    Every block but the last must hold a whole number of hops (:func:`hop_frames`). dB values are None for silence.
    """

    def __init__(self, track: TrackFormat) -> None:
        """Start with silence."""
        self._hop = hop_frames(track.sample_rate)
        self._full = float(units.full_scale(track.bit_depth))
        self._weights = _energy_weights(track.sample_rate)
        self._spectra = np.empty((0, len(self._weights)), np.float32)
        self._peak = 0
        self._energy: list[NDArray[np.float64]] = []
        self._remainder_energy = 0.0
        self._frames = 0

    def update(self, block: Pcm) -> None:
        """Add the next samples, shape (frames, 2)."""
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
        """Return a buffer for the spectra of ``hops`` hops; its memory is reused, since fresh pages are slower."""
        if hops > len(self._spectra):
            self._spectra = np.empty((hops, len(self._weights)), np.float32)
        return self._spectra[:hops]

    def _hops(self) -> NDArray[np.float64]:
        """Return plain and K-weighted energy of every hop, shape (hops, 2)."""
        return np.concatenate(self._energy) if self._energy else np.zeros((0, 2))

    def silent(self) -> bool:
        """Return whether every sample is zero."""
        return self._peak == 0

    def peak_dbfs(self) -> float | None:
        """Return the highest sample peak."""
        return _rounded(units.db_of_gain(self._peak / self._full))

    def rms_dbfs(self) -> float | None:
        """Return the root mean square over channels and frames."""
        energy = self._hops()[:, 0] / self._full**2
        mean_square = (energy.sum() + self._remainder_energy / self._full**2) / max(1, 2 * self._frames)
        return _rounded(units.db_of_gain(math.sqrt(mean_square)))

    def loudness_lufs(self) -> float | None:
        """Return the integrated loudness, None if nothing is above the gate."""
        return _rounded(integrated_loudness(self._hops()[:, 1] / self._full**2 / self._hop))

    def active_fraction(self) -> float:
        """Return the share of hops that are active."""
        energy = self._hops()[:, 0] / self._full**2
        active = energy / (2 * self._hop) > exp10(ACTIVE_DBFS / 10)
        return round(float(active.mean()), 4) if len(active) else 0.0


COLUMNS: Final = Columns(
    "stems",
    (
        Column(
            "peak_dbfs",
            Dtype.REAL,
            "highest sample peak; missing for silence",
            "dBFS",
            nullable=True,
            high=0,
            value=Measured(LevelMeter, LevelMeter.peak_dbfs),
        ),
        Column(
            "rms_dbfs",
            Dtype.REAL,
            "root mean square over channels and frames; missing for silence",
            "dBFS",
            nullable=True,
            value=Measured(LevelMeter, LevelMeter.rms_dbfs),
        ),
        Column(
            "loudness_lufs",
            Dtype.REAL,
            "integrated loudness (ITU-R BS.1770-4); missing where nothing passes its gate",
            "LUFS",
            nullable=True,
            value=Measured(LevelMeter, LevelMeter.loudness_lufs),
        ),
        Column(
            "active_fraction",
            Dtype.REAL,
            "share of the track's 100 ms hops whose RMS is above -60 dBFS",
            low=0,
            high=1,
            value=Measured(LevelMeter, LevelMeter.active_fraction),
        ),
        Column(
            "silent",
            Dtype.FLAG,
            "whether every sample is zero",
            value=Measured(LevelMeter, LevelMeter.silent, before=lambda track: track.hits == 0),
        ),
    ),
    after="hits",
)


@functools.lru_cache(maxsize=8)
def _energy_weights(sample_rate: int) -> NDArray[np.float32]:
    """Return the weights, shape (2 * bins,), that turn squared real and imaginary parts into K-weighted energy.

    The sum is the energy of both channels (Parseval). Hops are padded with zeros to a length of small factors, whose
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
