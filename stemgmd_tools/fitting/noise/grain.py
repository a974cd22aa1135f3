"""Fit the depth of a cymbal's grain to the flatness of its fine spectrum, octave by octave.

If the levels of a spectrum are normal on a decibel scale, its flatness falls with their variance, so the excess
flatness of a model's spectrum tells by how much its lines have to be deepened.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.fft

from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.parameters import GRAIN_OCTAVES_HZ

_STRETCH_S: Final = (0.03, 0.43)
"""Interval of a sound whose spectrum is used, after the attack."""
_SHORTEST_FRAMES: Final = SAMPLE_RATE // 50
_HALF_OCTAVE: Final = 2.0**0.5
_LEAST_SHARE: Final = 1e-9
_DB_PER_VARIANCE: Final = np.log(10.0) / 20.0
"""Decrease of the flatness per dB^2 of variance."""
_LARGEST_DB: Final = 20.0
_DEEPEST_DB: Final = 18.0


def flatness_of(sound: Float) -> Float:
    """Return the geometric over the arithmetic mean of the power spectrum in each octave of a grain, in dB.

    :param sound: (frames, 2), the attack at frame :data:`~stemgmd_tools.fitting.recordings.recordings.ONSET_FRAMES`.
    :return: zeros for a sound that is too short.
    """
    first, last = (ONSET_FRAMES + round(time_s * SAMPLE_RATE) for time_s in _STRETCH_S)
    piece = sound[first:last]
    if len(piece) < _SHORTEST_FRAMES:
        return np.zeros(len(GRAIN_OCTAVES_HZ))
    window = np.hanning(len(piece) + 2)[1:-1, None]
    power = (np.abs(scipy.fft.rfft(piece * window, axis=0)) ** 2).mean(axis=1)
    power = np.maximum(power, _LEAST_SHARE * power.max() + 1e-30)
    bins_hz = scipy.fft.rfftfreq(len(piece), 1 / SAMPLE_RATE)
    octaves = [
        power[(bins_hz >= centre / _HALF_OCTAVE) & (bins_hz < centre * _HALF_OCTAVE)] for centre in GRAIN_OCTAVES_HZ
    ]
    return np.array([10.0 * (np.log10(octave).mean() - np.log10(octave.mean())) for octave in octaves])


def whole(noise: Float, modes: Float | None) -> Float:
    """Return a stroke of noise with its modes, as long as the noise."""
    return noise if modes is None else noise + modes[: len(noise)]


def lacking(wanted: Sequence[Float], synthesised: Sequence[Float]) -> Float:
    """Return the excess flatness of a model in dB in each octave, median over layers."""
    return np.asarray(np.median(np.array(synthesised) - np.array(wanted), axis=0))


def deepened(depth_db: tuple[float, ...] | None, lacking_db: Float) -> tuple[float, ...]:
    """Return the depth of a grain after one round of correction; 0 where the model is not too flat without lines."""
    square = np.square(depth_db or np.zeros(len(lacking_db)))
    square = square + np.clip(lacking_db, -_LARGEST_DB, _LARGEST_DB) / _DB_PER_VARIANCE
    return tuple(round(x, 1) for x in np.sqrt(np.clip(square, 0.0, _DEEPEST_DB**2)).tolist())
