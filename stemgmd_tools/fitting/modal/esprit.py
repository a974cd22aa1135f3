"""Estimate frequencies and decays of damped sinusoids by ESPRIT, in sub-bands, from many sounds at once.

Roy and Kailath, "ESPRIT: estimation of signal parameters via rotational invariance techniques" (1989). The covariances
of sounds that share their poles (two channels, repeats, velocities) are added, which gives one set of poles for all.
In decimated bands of 500 Hz, a small covariance matrix resolves close modes, and weak modes far from strong ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import scipy.linalg
from numpy.typing import NDArray
from scipy.signal import firwin, upfirdn

from stemgmd_tools.kits.synthesis.bands import Float

Complex = NDArray[np.complex128]

_BAND_HZ: Final = 500.0
_BAND_SHARE: Final = 0.52
"""Largest distance of a pole from the middle of its band, in bandwidths: neighbouring bands overlap slightly."""
_PASS_SHARE: Final = 0.62
_RATE_PER_BAND: Final = 2.0
"""Rate of the decimated band, in bandwidths."""
_TAPS_PER_STEP: Final = 8
_LONGEST_WINDOW: Final = 110
_SHORTEST: Final = 36


class Poles(NamedTuple):
    """Damped sinusoids ``exp((2 pi i frequency_hz - decay) t)``."""

    frequency_hz: Float
    decay: Float
    """Nepers per second."""

    def where(self, selected: NDArray[np.bool_] | NDArray[np.intp]) -> Poles:
        """Return the selected poles."""
        return Poles(self.frequency_hz[selected], self.decay[selected])

    def joined(self, more: Poles) -> Poles:
        """Return these poles and ``more``."""
        return Poles(np.concatenate([self.frequency_hz, more.frequency_hz]), np.concatenate([self.decay, more.decay]))


NO_POLES: Final = Poles(np.zeros(0), np.zeros(0))


def esprit(sounds: Sequence[Complex], rate_hz: float, order: int) -> Poles:
    """Return ``order`` poles shared by ``sounds``, each of shape (frames,) and with equal weight.

    :param rate_hz: sample rate of the sounds; frequencies are between minus and plus half of it.
    """
    window = min(min(len(sound) for sound in sounds) // 3, _LONGEST_WINDOW)
    order = min(order, window - 1)
    covariance = np.zeros((window, window), np.complex128)
    for sound in sounds:
        power = float((np.abs(sound) ** 2).sum())
        if power > 0.0:
            rows = np.lib.stride_tricks.sliding_window_view(sound, window)
            covariance += (rows.T @ rows.conj()) / power
    _, vectors = scipy.linalg.eigh(covariance, subset_by_index=[window - order, window - 1])
    turn = np.linalg.lstsq(vectors[:-1], vectors[1:], rcond=None)[0]
    values = np.linalg.eigvals(turn)
    return Poles(np.angle(values) * rate_hz / (2.0 * np.pi), -np.log(np.maximum(np.abs(values), 1e-12)) * rate_hz)


def poles_in_bands(
    sounds: Sequence[Float], rate_hz: float, highest_hz: float, order: int, decays: tuple[float, float]
) -> Poles:
    """Return the poles below ``highest_hz`` that real ``sounds`` (frames,) at ``rate_hz`` share.

    :param order: number of poles of each band.
    :param decays: least and greatest allowed decay, nepers per second.
    """
    step = max(1, int(rate_hz / (_BAND_HZ * _RATE_PER_BAND)))
    low_pass = firwin(step * _TAPS_PER_STEP + 1, _BAND_HZ * _PASS_SHARE, fs=rate_hz)
    collected = NO_POLES
    for band in range(int(np.ceil(highest_hz / _BAND_HZ))):
        centre_hz = (band + 0.5) * _BAND_HZ
        parts = [_band(sound, centre_hz, rate_hz, step, low_pass) for sound in sounds]
        parts = [part for part in parts if len(part) >= _SHORTEST]
        if not parts:
            continue
        poles = esprit(parts, rate_hz / step, min(order, min(len(part) for part in parts) // 4))
        inside = np.abs(poles.frequency_hz) < _BAND_HZ * _BAND_SHARE
        inside_range = inside & (poles.decay > decays[0]) & (poles.decay < decays[1])
        collected = collected.joined(Poles(poles.frequency_hz[inside_range] + centre_hz, poles.decay[inside_range]))
    return collected.where((collected.frequency_hz > 0.0) & (collected.frequency_hz < highest_hz))


def _band(sound: Float, centre_hz: float, rate_hz: float, step: int, low_pass: Float) -> Complex:
    """Return the decimated complex signal of the band around ``centre_hz``, without the filter's transients."""
    turn = np.exp(-2j * np.pi * centre_hz / rate_hz * np.arange(len(sound)))
    filtered = upfirdn(low_pass, sound * turn, down=step)
    return np.asarray(filtered[_TAPS_PER_STEP : len(sound) // step])
