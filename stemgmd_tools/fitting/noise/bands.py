"""Measure the power of a sound in the engine's bands over time.

The attack is measured with a filter bank at half a millisecond, the rest with an STFT, on a grid of times that widens
with time. Powers are in the engine's unit: 0 dB is the noise of a level table of 0 dB.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import scipy.fft
from numpy.typing import NDArray

from stemgmd_tools.fitting.recordings.recordings import LONGEST_S, ONSET_FRAMES
from stemgmd_tools.kits.synthesis.bands import BANDS, DENSITY, SAMPLE_RATE, Float, band_masks, knot_weights

_FINEST_FRAMES: Final = 22
_WIDENING: Final = 1.12
"""Ratio of the lengths of successive bins of the grid, from 0.5 ms on."""
_FFT_EARLY: Final = 8192
_LEAD: Final = 1024
_EARLY_S: Final = 0.08
"""End of the part measured by the filter bank."""
_FADE_FRAMES: Final = 2048
_FFT: Final = 2048
_HOP: Final = 512
_PRE_RING: Final = 700
"""Frames before the attack whose filtered energy is added to the first bin, since the filters have pre-ringing."""


def _edges() -> NDArray[np.intp]:
    """Return the frames at which the bins of the grid begin and end, counted from the attack."""
    edges = [0]
    while edges[-1] < LONGEST_S * SAMPLE_RATE:
        step = max(_FINEST_FRAMES, round(edges[-1] * (_WIDENING - 1.0)))
        edges.append(edges[-1] + max(step, _HOP if edges[-1] >= _EARLY_S * SAMPLE_RATE else 0))
    return np.array(edges)


EDGES: Final = _edges()
"""(BINS + 1,) frames after the attack."""
BINS: Final = len(EDGES) - 1
TIMES_S: Final = (EDGES[:-1] + EDGES[1:]) / (2 * SAMPLE_RATE)
"""(BINS,) middle of each bin."""
WIDTHS_S: Final = np.diff(EDGES) / SAMPLE_RATE
_EARLY_BINS: Final = int(np.searchsorted(EDGES[1:], _EARLY_S * SAMPLE_RATE, side="right"))


class Bands(NamedTuple):
    """Mean power per band and bin of the grid; 0 after the sound's end."""

    left: Float
    """(BANDS, BINS)"""
    right: Float
    """(BANDS, BINS)"""
    cross: Float
    """(BANDS, BINS) product of the channels."""
    bins: int
    """Number of bins that the sound fills."""

    @property
    def power(self) -> Float:
        """Mean power of both channels."""
        return (self.left + self.right) / 2

    def minus(self, other: Bands) -> Bands:
        """Return the difference, channel by channel; it may be negative."""
        return Bands(self.left - other.left, self.right - other.right, self.cross - other.cross, self.bins)


def mean_bands(measured: list[Bands]) -> Bands:
    """Return the mean over sounds; the number of filled bins is the median.

    A sound that ends early counts only up to its end, so that a cut file is not taken for a decay.
    """
    count = np.maximum(1, sum((np.arange(BINS) < bands.bins).astype(np.float64) for bands in measured))
    bins = int(np.median([bands.bins for bands in measured]))
    left, right, cross = (np.asarray(sum(bands[part] for bands in measured) / count) for part in range(3))
    return Bands(left, right, cross, bins)


def bands_of(sound: Float) -> Bands:
    """Measure a sound.

    :param sound: (frames, 2), the attack at frame :data:`~stemgmd_tools.fitting.recordings.recordings.ONSET_FRAMES`.
    """
    frames = len(sound) - ONSET_FRAMES
    bins = max(1, int(np.searchsorted(EDGES[1:], frames, side="right")))
    parts = np.zeros((3, BANDS, BINS))
    parts[:, :, :_EARLY_BINS] = _early(sound)
    if bins > _EARLY_BINS:
        parts[:, :, _EARLY_BINS:bins] = _late(sound[ONSET_FRAMES:], bins)
    parts[:, :, bins:] = 0.0
    return Bands(parts[0], parts[1], parts[2], bins)


@lru_cache(maxsize=2)
def _filters(fft_frames: int) -> tuple[Float, Float]:
    """Return (BANDS, bins) shares of power per band, and each band's power for the engine's noise of 0 dB."""
    masks = band_masks(fft_frames)
    passed = masks.mean(axis=1) * DENSITY**2
    return masks, passed


def _early(sound: Float) -> Float:
    """Return (3, BANDS, _EARLY_BINS) of powers and cross power from the filter bank."""
    masks, passed = _filters(_FFT_EARLY)
    padded = np.zeros((_FFT_EARLY, 2))
    segment = sound[: _FFT_EARLY - _LEAD].copy()
    fade = min(_FADE_FRAMES, len(segment))
    segment[-fade:] *= (0.5 + 0.5 * np.cos(np.pi * np.arange(fade) / fade))[:, None]
    padded[_LEAD : _LEAD + len(segment)] = segment
    spectrum = scipy.fft.rfft(padded, axis=0)
    left, right = (scipy.fft.irfft(np.sqrt(masks) * spectrum[:, channel], axis=1) for channel in range(2))
    parts = np.stack([left * left, right * right, left * right])
    start = _LEAD + ONSET_FRAMES
    total = np.concatenate([np.zeros((3, BANDS, 1)), np.cumsum(parts, axis=2)], axis=2)
    edges = start + EDGES[: _EARLY_BINS + 1]
    sums = np.diff(total[:, :, edges], axis=2)
    sums[:, :, 0] += total[:, :, start] - total[:, :, start - _PRE_RING]
    return np.asarray(sums / np.diff(edges) / passed[:, None])


def _late(sound: Float, bins: int) -> Float:
    """Return (3, BANDS, bins - _EARLY_BINS) of powers and cross power from the STFT."""
    masks, passed = _filters(_FFT)
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(_FFT) / _FFT)
    first, last = int(EDGES[_EARLY_BINS]) // _HOP, -(-int(EDGES[bins]) // _HOP)
    padded = np.zeros((last * _HOP + _FFT, 2))
    used = sound[: last * _HOP + _FFT // 2]
    padded[_FFT // 2 : _FFT // 2 + len(used)] = used
    frames = np.lib.stride_tricks.sliding_window_view(padded, _FFT, axis=0)[first * _HOP :: _HOP][: last - first + 1]
    left, right = (scipy.fft.rfft(frames[:, channel] * window, axis=1) for channel in range(2))
    scale = 1.0 / (passed * masks.shape[1] * (window**2).sum())
    products = (np.abs(left) ** 2, np.abs(right) ** 2, (left * right.conj()).real)
    powers = np.stack([(product @ masks.T) * scale for product in products])
    places = (first + np.arange(powers.shape[1])) * _HOP
    weights = _shares(EDGES[_EARLY_BINS : bins + 1], places)
    return np.asarray(np.einsum("tp,cpb->cbt", weights, powers))


def _shares(edges: NDArray[np.intp], places: NDArray[np.intp]) -> Float:
    """Return (bins, places) weights with which values at evenly spaced frames average to bins; rows sum to 1."""
    begin, end = edges[:-1, None], edges[1:, None]
    overlap = np.minimum(end, places + _HOP / 2) - np.maximum(begin, places - _HOP / 2)
    overlap = np.maximum(overlap, 0.0)
    return np.asarray(overlap / overlap.sum(axis=1, keepdims=True))


def knot_averages(knots_s: Float) -> Float:
    """Return (knots, BINS) weights that average powers around each knot; rows sum to 1, nothing after the last knot."""
    weights = knot_weights(knots_s, TIMES_S, extend=False) * WIDTHS_S
    if len(knots_s) > 1:
        weights[:, knots_s[-1] * 1.03 < TIMES_S] = 0.0
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), 1e-30))


def decibels(power: Float) -> Float:
    """Return powers in dB, nothing below -160."""
    return np.asarray(10.0 * np.log10(np.maximum(power, 1e-16)))
