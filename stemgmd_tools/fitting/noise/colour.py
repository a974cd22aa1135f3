"""Fit the fine colour of the noise: the spectrum of the sustained sound in 1/24 or 1/48 octaves, re its smooth.

The colour models partials too dense for modes. The curve is fitted by synthesis: it is corrected until the engine's
strokes, which are blurred by its windows, have the fine spectrum of the recordings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.fft
from scipy.ndimage import uniform_filter1d

from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.colour import grid_hz
from stemgmd_tools.kits.synthesis.parameters import Colour

LOWEST_HZ: Final = 50.0
HIGHEST_HZ: Final = 9000.0
STRETCH_S: Final = (0.06, 0.8)
"""Interval of a sound whose spectrum is used, after the attack."""
_STEP_HZ: Final = 3.0
_RANGE_DB: Final = (-25.0, 20.0)
_LEAST_SHARE: Final = 0.05
_STEP: Final = 0.9
_FRAMES: Final = int((STRETCH_S[1] - STRETCH_S[0]) * SAMPLE_RATE)


def flat_colour(points_per_octave: int) -> Colour:
    """Return a curve of 0 dB on the grid of fitted curves."""
    points, hertz = 0, LOWEST_HZ
    while hertz < HIGHEST_HZ:
        hertz = max(hertz * 2.0 ** (1.0 / points_per_octave), hertz + _STEP_HZ)
        points += 1
    return Colour(
        points_per_octave=points_per_octave, least_step_hz=_STEP_HZ, low_hz=LOWEST_HZ, gain_db=(0.0,) * (points + 1)
    )


def fine_spectrum(sound: Float, colour: Colour) -> Float:
    """Return the power around each point of a colour's grid, 60 to 800 ms after the attack.

    :param sound: (frames, 2), the attack at frame :data:`~stemgmd_tools.fitting.recordings.recordings.ONSET_FRAMES`.
    """
    start = ONSET_FRAMES + int(STRETCH_S[0] * SAMPLE_RATE)
    piece = np.zeros((_FRAMES, 2))
    held = sound[start : start + _FRAMES]
    piece[: len(held)] = held
    spectrum = scipy.fft.rfft(piece * np.hanning(_FRAMES)[:, None], axis=0)
    power = (np.abs(spectrum) ** 2).sum(axis=1)
    points = grid_hz(colour)
    middles = np.sqrt(points[1:] * points[:-1])
    edges = np.concatenate([[points[0] ** 2 / middles[0]], middles, [points[-1] ** 2 / middles[-1]]])
    low = np.searchsorted(scipy.fft.rfftfreq(_FRAMES, 1 / SAMPLE_RATE), edges)
    high = np.maximum(low[1:], low[:-1] + 1)
    total = np.concatenate([[0.0], np.cumsum(power)])
    return np.asarray((total[high] - total[low[:-1]]) / (high - low[:-1]))


def mean_spectrum(spectra: Sequence[Float], colour: Colour) -> Float:
    """Return the mean of spectra, each divided by its half-octave average, so that all layers have equal weight."""
    return np.asarray(np.mean([spectrum / _smooth(spectrum, colour) for spectrum in spectra], axis=0))


def sharpened(colour: Colour, wanted: Float, synthesised: Float) -> Colour:
    """Return the curve after one round of correction.

    :param wanted: the recordings' mean spectrum, less what modes add.
    :param synthesised: the same for the engine's strokes with this curve.
    """
    gain_db = np.array(colour.gain_db)
    gain_db = gain_db + _STEP * 10.0 * np.log10(np.maximum(wanted, 1e-12) / np.maximum(synthesised, 1e-12))
    gain_db = np.clip(gain_db, *_RANGE_DB)
    gain_db -= 10.0 * np.log10(_smooth(10.0 ** (gain_db / 10.0), colour))
    return colour.model_copy(update={"gain_db": tuple(np.round(gain_db, 1).tolist())})


def _smooth(power: Float, colour: Colour) -> Float:
    """Return the mean over half an octave (over 24 points at least where the grid is wider)."""
    return np.asarray(np.maximum(uniform_filter1d(power, max(3, colour.points_per_octave // 2)), 1e-30))


def remaining(whole: Float, modes: Float | None) -> Float:
    """Return a spectrum minus that of the modes, with a small share as lower limit."""
    return whole if modes is None else np.maximum(whole - modes, _LEAST_SHARE * whole)
