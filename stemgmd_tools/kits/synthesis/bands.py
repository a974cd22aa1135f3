"""The bands in which noise is shaped, and interpolation of a voice's tables to these bands.

There are forty bands, equally spaced on the ERB-number scale of Glasberg and Moore ("Derivation of auditory filter
shapes from notched-noise data", 1990), but at least 60 Hz wide: a narrower band rings longer than a drum's attack.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Stereo
from stemgmd_tools.numerics.elementary import exp10, log2, log10

SAMPLE_RATE: Final = 44100
"""Frames per second of every modelled voice."""

BANDS: Final = 40
_LOW_HZ: Final = 20.0
_HIGH_HZ: Final = 20000.0
_NARROWEST_HZ: Final = 60.0
_SUBSONIC_HZ: Final = 15.0

Float = NDArray[np.float64]


_TILT_PIVOT_HZ: Final = 1000.0


class Tilt(NamedTuple):
    """A deviation of level that is a straight line over the logarithm of frequency."""

    level_db: float
    """At 1 kHz."""
    db_per_octave: float

    def at(self, frequencies_hz: Float) -> Float:
        """Return the deviation in dB at each frequency."""
        return np.asarray(self.level_db + self.db_per_octave * log2(frequencies_hz / _TILT_PIVOT_HZ))


def erb_number(frequencies_hz: ArrayLike) -> Float:
    """Return the ERB-number of each frequency (Glasberg and Moore 1990, equation 4)."""
    return np.asarray(21.4 * log10(1.0 + 0.00437 * np.asarray(frequencies_hz, dtype=np.float64)))


def erb_width_hz(frequencies_hz: ArrayLike) -> Float:
    """Return the equivalent rectangular bandwidth at each frequency (Glasberg and Moore 1990, equation 3)."""
    return np.asarray(24.7 * (1.0 + 0.00437 * np.asarray(frequencies_hz, dtype=np.float64)))


def _band_centres() -> Float:
    """Return the centres of the bands: ERB-spaced edges, each pushed up where its band would be too narrow."""
    edges = np.empty(BANDS + 1)
    edges[0] = _LOW_HZ
    top = float(erb_number(_HIGH_HZ))
    for band in range(BANDS):
        here = float(erb_number(edges[band]))
        ideal = (exp10((here + (top - here) / (BANDS - band)) / 21.4) - 1.0) / 0.00437
        edges[band + 1] = max(ideal, edges[band] + _NARROWEST_HZ)
    return np.asarray((edges[:-1] + edges[1:]) / 2)


CENTRES_HZ: Final = _band_centres()
_CENTRES_ERB: Final = erb_number(CENTRES_HZ)

DENSITY: Final = np.sqrt(SAMPLE_RATE / 2 / erb_width_hz(CENTRES_HZ))
"""(BANDS,) gain that turns white noise of unit variance into noise of unit RMS per ERB."""


def band_masks(fft_frames: int) -> Float:
    """Return (BANDS, fft_frames // 2 + 1) amplitude masks: triangles over the centres that sum to 1.

    The bands of one noise add coherently, so the amplitudes must sum to 1; if the powers summed to 1, the result would
    be 2.5 dB too loud.
    """
    below, low, high = band_places(fft_frames)
    bins = np.arange(len(below))
    masks = np.zeros((BANDS, len(bins)))
    masks[below, bins] = low
    masks[below + 1, bins] = high
    return masks


def band_places(fft_frames: int) -> tuple[NDArray[np.intp], Float, Float]:
    """Return the band below each bin of a spectrum, and the shares of that band and of the next in its amplitude."""
    frequencies_hz = np.arange(fft_frames // 2 + 1) * (SAMPLE_RATE / fft_frames)
    position = np.interp(frequencies_hz, CENTRES_HZ, np.arange(BANDS))
    below = np.minimum(position.astype(np.intp), BANDS - 2)
    share = position - below
    audible = frequencies_hz >= _SUBSONIC_HZ
    return below, np.where(audible, 1.0 - share, 0.0), np.where(audible, share, 0.0)


def _to_bands(frequencies_hz: tuple[float, ...], rows: Float) -> Float:
    """Interpolate ``rows`` (frequencies, ...) to (BANDS, ...), linear in ERB-number."""
    points = erb_number(frequencies_hz)
    place = np.interp(_CENTRES_ERB, points, np.arange(len(points)))
    below = np.minimum(place.astype(np.intp), max(len(points) - 2, 0))
    above = np.minimum(below + 1, len(points) - 1)
    share = (place - below).reshape(-1, *(1,) * (rows.ndim - 1))
    return np.asarray(rows[below] * (1.0 - share) + rows[above] * share)


def rows_in_bands(frequencies_hz: tuple[float, ...], rows: tuple[tuple[float, ...], ...]) -> Float:
    """Return a table given at ``frequencies_hz`` at the band centres, shape (BANDS, columns)."""
    return _to_bands(frequencies_hz, np.array(rows, dtype=np.float64))


def envelope_in_bands(envelope: BandEnvelope) -> Float:
    """Return an envelope's knots at the band centres, shape (BANDS, times)."""
    return rows_in_bands(envelope.frequencies_hz, envelope.values)


def knot_weights(knots_s: Float, times_s: Float, *, extend: bool) -> Float:
    """Return (knots, times) weights with which knots are interpolated linearly at ``times_s``.

    :param extend: whether the last segment goes on past the last knot; otherwise the last knot holds.
    """
    weights = np.zeros((len(knots_s), len(times_s)))
    if len(knots_s) == 1:
        weights[0] = 1.0
        return weights
    below = np.clip(np.searchsorted(knots_s, times_s, side="right") - 1, 0, len(knots_s) - 2)
    share = (times_s - knots_s[below]) / (knots_s[below + 1] - knots_s[below])
    share = np.maximum(share, 0.0) if extend else np.clip(share, 0.0, 1.0)
    column = np.arange(len(times_s))
    weights[below, column] = 1.0 - share
    weights[below + 1, column] += share
    return weights


def stereo_in_bands(stereo: Stereo | None) -> tuple[Float, Float, Float]:
    """Return the gain of the left and of the right channel and the coherence, each (BANDS,); powers average to 1."""
    if stereo is None:
        return np.ones(BANDS), np.ones(BANDS), np.ones(BANDS)
    rows = tuple(zip(stereo.left_minus_right_db, stereo.coherence, strict=True))
    difference_db, coherence = rows_in_bands(stereo.frequencies_hz, rows).T
    left, right = channel_gains(difference_db)
    return left, right, coherence


def channel_gains(left_minus_right_db: Float) -> tuple[Float, Float]:
    """Return the gains of both channels that differ by so many decibels and whose powers average to 1."""
    return (
        np.sqrt(2.0 / (1.0 + exp10(-left_minus_right_db / 10.0))),
        np.sqrt(2.0 / (1.0 + exp10(left_minus_right_db / 10.0))),
    )
