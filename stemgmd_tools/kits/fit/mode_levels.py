"""From the amplitudes of modes in many strokes to one table: level, stereo and phase shared, levels following velocity.

Phases are averaged after each stroke was moved in time to where it agrees best with the others, so what repeats share
is kept. Levels are those of the mean energy: averaging waveforms would weaken whatever repeats do not share, and the
model would be too soft by that.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.fit.esprit import Complex
from stemgmd_tools.kits.model.bands import Float
from stemgmd_tools.kits.model.parameters import REFERENCE_VELOCITY

MOST_BENDS: Final = 4
"""Velocities at which levels bend away from the straight line, at most."""
_SHIFTS_S: Final = np.arange(-80, 81) * 2.5e-5
_ROUNDS: Final = 3
_LEAST_ERROR_DB: Final = 0.7
"""No level is known better than this: strokes of one velocity differ."""
_GREATEST_ERROR_DB: Final = 30.0
_SLOPE_SPREAD_DB: Final = 3.0
"""Standard deviation of the modes' slopes around their mean, dB per octave of velocity."""
_BEND_SPREAD_DB: Final = 4.0
"""Standard deviation of a bend."""
_USUAL_SLOPE_DB: Final = 9.0
_USUAL_SLOPE_SPREAD_DB: Final = 2.0
"""What is expected of the mean slope when there is one velocity only: between linear and square law."""
_QUIET_DB: Final = -190.0


class Amplitudes(NamedTuple):
    """Of the modes in the strokes of one velocity."""

    velocity: int
    values: Complex
    """(repeats, 2, K) complex amplitudes per channel, full scale = 1."""
    error: Float
    """(K,) standard deviation of an amplitude because of what else sounds."""


class Shared(NamedTuple):
    """What all strokes share."""

    left_minus_right_db: Float
    phase_turns: Float
    channel_phase_turns: Float


class LevelLaw(NamedTuple):
    """Levels of modes over velocity."""

    level_db: Float
    """(K,) at the reference velocity."""
    slope_db: Float
    """(K,) per octave of velocity."""
    bend_velocities: tuple[int, ...]
    bends_db: Float
    """(K, bends)"""


def shared_phases(strokes: Sequence[Amplitudes], frequency_hz: Float, importance: Float) -> Shared:
    """Return stereo position and phases that strokes agree on best.

    :param importance: (K,) how much a mode matters for the agreement, e.g. its energy.
    """
    values = np.concatenate([one.values / np.sqrt((np.abs(one.values) ** 2).mean() + 1e-30) for one in strokes])
    trust = np.concatenate([np.full(len(one.values), np.sqrt(one.velocity / REFERENCE_VELOCITY)) for one in strokes])[
        :, None, None
    ]
    turns = np.exp(-2j * np.pi * _SHIFTS_S[:, None] * frequency_hz)
    mean = values[np.argmax(trust[:, 0, 0])]
    for _ in range(_ROUNDS):
        agreement = np.sqrt(np.abs(mean) * np.abs(values)) * np.exp(1j * (np.angle(values) - np.angle(mean)))
        match = ((agreement.sum(axis=1) * np.sqrt(importance)) @ turns.T).real
        best_s = _SHIFTS_S[np.argmax(match, axis=1)]
        best_s = best_s - np.average(best_s, weights=trust[:, 0, 0])
        moved = values * np.exp(-2j * np.pi * best_s[:, None] * frequency_hz)[:, None, :]
        mean = (moved * trust).sum(axis=0) / trust.sum()
    power = ((np.abs(values) ** 2) * trust).sum(axis=0) + 1e-30
    phase = np.angle(mean) / (2.0 * np.pi)
    return Shared(
        np.clip(10.0 * np.log10(power[0] / power[1]), -40.0, 40.0),
        phase[0] % 1.0,
        (phase[1] - phase[0] + 0.5) % 1.0 - 0.5,
    )


def levels_db(one: Amplitudes) -> Float:
    """Return (K,) levels of the mean energy of repeats and channels, the part that is error taken out."""
    power = (np.abs(one.values) ** 2).mean(axis=(0, 1))
    return np.asarray(10.0 * np.log10(np.maximum(power - one.error**2, 0.25 * power) + 1e-30))


def level_law(strokes: Sequence[Amplitudes]) -> LevelLaw:
    """Return straight lines over the logarithm of velocity, and what bends away from them as far as it is sure."""
    levels = np.array([levels_db(one) for one in strokes])
    octaves = np.log2(np.array([one.velocity for one in strokes]) / REFERENCE_VELOCITY)
    errors = np.array([_error_db(one) for one in strokes])
    weight = 1.0 / errors**2
    common = _common_slope(levels, octaves, weight)
    level, slope = _lines(levels, octaves, weight, common)
    velocities = _bend_velocities([one.velocity for one in strokes])
    if not velocities:
        return LevelLaw(np.maximum(level, _QUIET_DB), slope, (), np.zeros((levels.shape[1], 0)))
    left = levels - level - slope * octaves[:, None]
    hats = _hats(np.log2(np.array(velocities) / REFERENCE_VELOCITY), octaves)
    bends = np.empty((levels.shape[1], len(velocities)))
    for mode in range(levels.shape[1]):
        system = (hats.T * weight[:, mode]) @ hats + np.eye(len(velocities)) / _BEND_SPREAD_DB**2
        bends[mode] = np.linalg.solve(system, (hats.T * weight[:, mode]) @ left[:, mode])
    return LevelLaw(np.maximum(level, _QUIET_DB), slope, velocities, bends)


def _error_db(one: Amplitudes) -> Float:
    """Return (K,) standard deviations of the levels of one velocity."""
    power = (np.abs(one.values) ** 2).mean(axis=(0, 1)) + 1e-30
    relative = one.error**2 / power / (2 * len(one.values))
    by_noise = 8.7 * np.sqrt(relative) / np.sqrt(np.maximum(1.0 - one.error**2 / power, 0.02))
    by_chance = _LEAST_ERROR_DB / np.sqrt(len(one.values))
    return np.asarray(np.minimum(np.hypot(by_noise, by_chance), _GREATEST_ERROR_DB))


def _common_slope(levels: Float, octaves: Float, weight: Float) -> float:
    """Return the slope all modes have on average, drawn to the usual one where velocities hardly differ."""
    centre = (weight * octaves[:, None]).sum(axis=0) / weight.sum(axis=0)
    away = octaves[:, None] - centre
    mean = (weight * levels).sum(axis=0) / weight.sum(axis=0)
    across = float((weight * away * (levels - mean)).sum()) / levels.shape[1]
    spread = float((weight * away**2).sum()) / levels.shape[1]
    prior = 1.0 / _USUAL_SLOPE_SPREAD_DB**2
    return float((across + prior * _USUAL_SLOPE_DB) / (spread + prior))


def _lines(levels: Float, octaves: Float, weight: Float, common: float) -> tuple[Float, Float]:
    """Return (K,) levels at the reference velocity and (K,) slopes, slopes drawn to the common one."""
    total = weight.sum(axis=0)
    centre = (weight * octaves[:, None]).sum(axis=0) / total
    mean = (weight * levels).sum(axis=0) / total
    away = octaves[:, None] - centre
    prior = 1.0 / _SLOPE_SPREAD_DB**2
    slope = ((weight * away * (levels - mean)).sum(axis=0) + prior * common) / ((weight * away**2).sum(axis=0) + prior)
    slope = np.clip(slope, -5.0, 35.0)
    return mean - slope * centre, slope


def _bend_velocities(velocities: Sequence[int]) -> tuple[int, ...]:
    """Return up to four of the velocities that were heard, the ends among them; none for two velocities or fewer."""
    if len(velocities) < 3:
        return ()
    count = min(len(velocities), MOST_BENDS)
    picked = np.round(np.linspace(0, len(velocities) - 1, count)).astype(int)
    return tuple(velocities[index] for index in picked)


def _hats(knots: Float, points: Float) -> Float:
    """Return (points, knots) weights of linear interpolation, constant outside."""
    return np.stack([np.interp(points, knots, row) for row in np.eye(len(knots))], axis=1)
