"""Estimate the falling pitch of a struck head from the phase of its strongest low mode."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Final, NamedTuple

import numpy as np
import scipy.fft
from scipy.signal import oaconvolve

from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.parameters import LEAST_DEPTH

_LOWEST_HZ: Final = 30.0
_HIGHEST_HZ: Final = 350.0
_LONGEST_S: Final = 1.5
_SPECTRUM_FROM_S: Final = 0.05
_FFT: Final = 1 << 17
_STEP: Final = 32
_FIRST_S: Final = 0.006
_QUIET: Final = 0.004
_TIMES_S: Final = (0.012, 0.025, 0.05, 0.1, 0.2, 0.4)
_FLATTEST: Final = 0.01
"""Least depth of a glide."""


class GlideLaw(NamedTuple):
    """A glide of two exponentials whose depth depends on velocity."""

    depth: tuple[float, float]
    """Relative depth at the reference velocity."""
    time_s: tuple[float, float]
    exponent: float


class _Track(NamedTuple):
    """Phase of the strongest low mode of one stroke relative to its frequency."""

    nepers: float
    frequency_hz: float
    times_s: Float
    phase: Float
    weight: Float


NO_GLIDE: Final = GlideLaw((0.0, 0.0), (0.05, 0.2), 1.0)


def estimate_glide(strokes: Sequence[tuple[float, Float]]) -> GlideLaw:
    """Return the common glide of strokes of several velocities.

    :param strokes: natural logarithm of velocity over the reference, and (frames,) samples from the attack on.
    """
    tracks = [track for nepers, sound in strokes if (track := _track(nepers, sound)) is not None]
    if not tracks:
        return NO_GLIDE
    best, least = NO_GLIDE, np.inf
    for times_s in combinations(_TIMES_S, 2):
        fits = [_fit(track, times_s) for track in tracks]
        left = sum(error for _, error in fits)
        depths = np.array([depth for depth, _ in fits])
        if left < least and (np.abs(depths) < 1.5).all() and (depths.sum(axis=1) > -0.1).all():
            law = _law(np.array([track.nepers for track in tracks]), depths, times_s)
            if min(law.depth) >= LEAST_DEPTH:
                best, least = law, left
    return best


def _track(nepers: float, sound: Float) -> _Track | None:
    """Return the phase of a stroke's strongest low mode; None if it is too short."""
    sound = sound[: round(_LONGEST_S * SAMPLE_RATE)]
    late = sound[round(_SPECTRUM_FROM_S * SAMPLE_RATE) :]
    if len(late) < _STEP * 60:
        return None
    power = np.abs(scipy.fft.rfft(late * np.hanning(len(late)), _FFT))
    bins = np.arange(len(power)) * (SAMPLE_RATE / _FFT)
    power[(bins < _LOWEST_HZ) | (bins > _HIGHEST_HZ)] = 0.0
    frequency_hz = float(bins[np.argmax(power)])
    times_s = np.arange(len(sound)) / SAMPLE_RATE
    window = np.hanning(2 * int(1.2 * SAMPLE_RATE / frequency_hz) + 1)
    turned = sound * np.exp(-2j * np.pi * frequency_hz * times_s)
    low = oaconvolve(turned, window / window.sum(), "same")[::_STEP]
    times_s, size = times_s[::_STEP], np.abs(low)
    first = int(np.searchsorted(times_s, _FIRST_S))
    quiet = np.flatnonzero(size[first:] < size[first:].max() * _QUIET)
    last = first + int(quiet[0]) if len(quiet) else len(size)
    if last - first < 20:
        return None
    part = slice(first, last)
    return _Track(nepers, frequency_hz, times_s[part], np.unwrap(np.angle(low))[part], np.sqrt(size[part]))


def _fit(track: _Track, times_s: tuple[float, ...]) -> tuple[Float, float]:
    """Return the depths of two exponentials, and the share of the phase's variation that they do not explain."""
    columns = [np.ones_like(track.times_s), track.times_s, *(-np.expm1(-track.times_s / time_s) for time_s in times_s)]
    system = np.stack(columns, axis=1) * track.weight[:, None]
    wanted = track.phase * track.weight
    values = np.linalg.lstsq(system, wanted, rcond=None)[0]
    frequency_hz = max(track.frequency_hz + values[1] / (2.0 * np.pi), 20.0)
    error = float(((system @ values - wanted) ** 2).sum() / (track.weight**2).sum())
    return values[2:] / (2.0 * np.pi * frequency_hz * np.array(times_s)), error


def _law(nepers: Float, depths: Float, times_s: tuple[float, ...]) -> GlideLaw:
    """Return one law for the estimated depths, shape (velocities, 2)."""
    whole = depths.sum(axis=1)
    deep = whole > _FLATTEST
    if not deep.any():
        return NO_GLIDE
    exponent = 1.0
    if deep.sum() > 1 and np.ptp(nepers[deep]) > 0.3:
        exponent = float(np.clip(np.polyfit(nepers[deep], np.log(whole[deep]), 1, w=whole[deep])[0], 0.0, 2.0))
    strength = np.exp(exponent * nepers)
    depth = (depths * strength[:, None]).sum(axis=0) / (strength**2).sum()
    return GlideLaw((float(depth[0]), float(depth[1])), (times_s[0], times_s[1]), exponent)
