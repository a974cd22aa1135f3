"""Fit the levels of modes over velocity to their amplitudes in many strokes.

Levels are computed from the mean energy of repeats. Averaging waveforms would weaken their differing parts and make the
model too soft.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.fitting.modal.esprit import Complex
from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY

MOST_BENDS: Final = 4
"""Largest number of velocities with bends, deviations from the straight line."""
_LEAST_ERROR_DB: Final = 0.7
"""Least standard deviation of a level, since strokes of one velocity differ."""
_GREATEST_ERROR_DB: Final = 30.0
_SLOPE_SPREAD_DB: Final = 3.0
"""Standard deviation of the modes' slopes around their mean, dB per octave of velocity."""
_BEND_SPREAD_DB: Final = 4.0
"""Standard deviation of a bend."""
_USUAL_SLOPE_DB: Final = 9.0
_USUAL_SLOPE_SPREAD_DB: Final = 2.0
"""Mean and standard deviation of the prior of the common slope: between linear and square law."""
_QUIET_DB: Final = -190.0


class Amplitudes(NamedTuple):
    """The amplitudes of the modes in the strokes of one velocity."""

    velocity: int
    values: Complex
    """(repeats, 2, K) complex amplitudes per channel, full scale = 1."""
    error: Float
    """(K,) standard deviation of an amplitude, due to other sounds."""


class LevelLaw(NamedTuple):
    """Levels of modes over velocity."""

    level_db: Float
    """(K,) at the reference velocity."""
    slope_db: Float
    """(K,) per octave of velocity."""
    bend_velocities: tuple[int, ...]
    bends_db: Float
    """(K, bends)"""


def levels_db(amplitudes: Amplitudes) -> Float:
    """Return the levels of the mean energy of repeats and channels minus that of the error, shape (K,)."""
    power = (np.abs(amplitudes.values) ** 2).mean(axis=(0, 1))
    return np.asarray(10.0 * np.log10(np.maximum(power - amplitudes.error**2, 0.25 * power) + 1e-30))


def errors_db(amplitudes: Amplitudes) -> Float:
    """Return (K,) standard deviations of the levels of one velocity."""
    power = (np.abs(amplitudes.values) ** 2).mean(axis=(0, 1)) + 1e-30
    relative = amplitudes.error**2 / power / (2 * len(amplitudes.values))
    by_noise = 8.7 * np.sqrt(relative) / np.sqrt(np.maximum(1.0 - amplitudes.error**2 / power, 0.02))
    by_chance = _LEAST_ERROR_DB / np.sqrt(len(amplitudes.values))
    return np.asarray(np.minimum(np.hypot(by_noise, by_chance), _GREATEST_ERROR_DB))


def level_law(velocities: Sequence[int], levels: Float, errors: Float) -> LevelLaw:
    """Return straight lines over the logarithm of velocity, and regularised bends.

    :param levels: (velocities, K) dB.
    :param errors: (velocities, K) standard deviations of the levels.
    """
    octaves = np.log2(np.array(velocities) / REFERENCE_VELOCITY)
    weight = 1.0 / errors**2
    level, slope = _lines(levels, octaves, weight, _common_slope(levels, octaves, weight))
    knots = bend_velocities(velocities)
    bends = np.zeros((levels.shape[1], len(knots)))
    if knots:
        left = levels - level - slope * octaves[:, None]
        hats = velocity_hats(knots, velocities)
        for mode in range(levels.shape[1]):
            system = (hats.T * weight[:, mode]) @ hats + np.eye(len(knots)) / _BEND_SPREAD_DB**2
            bends[mode] = np.linalg.solve(system, (hats.T * weight[:, mode]) @ left[:, mode])
    return LevelLaw(np.maximum(level, _QUIET_DB), slope, knots, bends)


def _common_slope(levels: Float, octaves: Float, weight: Float) -> float:
    """Return the mean slope of all modes, regularised towards the usual slope."""
    centre = (weight * octaves[:, None]).sum(axis=0) / weight.sum(axis=0)
    away = octaves[:, None] - centre
    mean = (weight * levels).sum(axis=0) / weight.sum(axis=0)
    across = float((weight * away * (levels - mean)).sum()) / levels.shape[1]
    spread = float((weight * away**2).sum()) / levels.shape[1]
    prior = 1.0 / _USUAL_SLOPE_SPREAD_DB**2
    return float((across + prior * _USUAL_SLOPE_DB) / (spread + prior))


def _lines(levels: Float, octaves: Float, weight: Float, common: float) -> tuple[Float, Float]:
    """Return levels at the reference velocity and slopes, both (K,), regularised towards the common slope."""
    total = weight.sum(axis=0)
    centre = (weight * octaves[:, None]).sum(axis=0) / total
    mean = (weight * levels).sum(axis=0) / total
    away = octaves[:, None] - centre
    prior = 1.0 / _SLOPE_SPREAD_DB**2
    slope = ((weight * away * (levels - mean)).sum(axis=0) + prior * common) / ((weight * away**2).sum(axis=0) + prior)
    slope = np.clip(slope, -5.0, 35.0)
    return mean - slope * centre, slope


def bend_velocities(velocities: Sequence[int]) -> tuple[int, ...]:
    """Return up to four of the recorded velocities, including the ends; empty for fewer than three velocities."""
    if len(velocities) < 3:
        return ()
    count = min(len(velocities), MOST_BENDS)
    picked = np.round(np.linspace(0, len(velocities) - 1, count)).astype(int)
    return tuple(velocities[index] for index in picked)


def velocity_hats(knots: Sequence[int], velocities: Sequence[int]) -> Float:
    """Return (velocities, knots) weights of interpolation over the logarithm of velocity, constant outside."""
    places, points = (np.log2(np.array(group) / REFERENCE_VELOCITY) for group in (knots, velocities))
    return np.stack([np.interp(points, places, row) for row in np.eye(len(places))], axis=1)
