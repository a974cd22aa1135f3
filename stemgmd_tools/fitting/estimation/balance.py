"""Correct the levels of modes by the recordings' energies in bands.

Modes are estimated as waveforms, over all velocities together. If neighbouring modes beat, or phases differ between
strokes, their sum at one velocity may be too loud or too soft. Perceived are their energies in bands.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.fitting.noise.bands import TIMES_S, WIDTHS_S, Bands, decibels
from stemgmd_tools.fitting.velocity.law import octaves_of
from stemgmd_tools.fitting.velocity.refine import mode_bands
from stemgmd_tools.kits.synthesis.bands import CENTRES_HZ, Float
from stemgmd_tools.kits.synthesis.modes import ModeBank
from stemgmd_tools.kits.synthesis.parameters import Glide, Modes

_ROUNDS: Final = 3
_STEP: Final = 0.7
_LARGEST_DB: Final = (-8.0, 6.0)
_LOWEST_DB: Final = -25.0


class Rung(NamedTuple):
    """The target of the modes at one velocity."""

    velocity: int
    frames: int
    wanted: Bands


def balanced(modes: Modes, glide: Glide | None, layers: Sequence[Rung], most_db: float) -> Modes:
    """Return modes whose levels are corrected by the energies of the layers' bands.

    :param most_db: largest gain of a mode.
    """
    octaves = np.array([octaves_of(layer.velocity) for layer in layers])
    total = np.zeros((len(modes.frequency_hz), len(layers)))
    for _ in range(_ROUNDS):
        change = np.stack([_shortfall(modes, glide, layer) for layer in layers], axis=1)
        change = np.clip(total + _STEP * np.clip(change, *_LARGEST_DB), _LOWEST_DB, most_db) - total
        total += change
        modes = _louder(modes, octaves, change)
    return modes


def _shortfall(modes: Modes, glide: Glide | None, layer: Rung) -> Float:
    """Return the level in dB that the bands of each mode lack, shape (K,), weighted by the mode's dominance."""
    synthesised = mode_bands([(modes, glide)], layer.velocity, layer.frames)
    if synthesised is None:
        return np.zeros(0)
    bank = ModeBank.from_parameters(modes)
    rate, amplitude = bank.rate_at(layer.velocity), bank.at_velocity(layer.velocity)
    energy = (np.abs(amplitude) ** 2).mean(axis=0)[:, None] * np.exp(2.0 * rate.real[:, None] * TIMES_S)
    band = np.argmin(np.abs(rate.imag[:, None] / (2.0 * np.pi) - CENTRES_HZ), axis=1)
    among = energy / np.maximum((energy[None] * (band[:, None] == band)[:, :, None]).sum(axis=1), 1e-30)
    filled = np.arange(len(TIMES_S)) < layer.wanted.bins
    weight = np.sqrt(energy * WIDTHS_S) * among * filled
    short = decibels(layer.wanted.power)[band] - decibels(synthesised.power)[band]
    return np.asarray((weight * short).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-30))


def _louder(modes: Modes, octaves: Float, change: Float) -> Modes:
    """Return modes whose levels are changed by (K, layers) decibels."""
    if not modes.bend_velocities:
        level = np.array(modes.level_db) + change.mean(axis=1)
        return modes.model_copy(update={"level_db": tuple(np.round(level, 1).tolist())})
    places = [octaves_of(velocity) for velocity in modes.bend_velocities]
    bends = np.array(modes.bends_db) + np.array([np.interp(places, octaves, row) for row in change])
    return modes.model_copy(update={"bends_db": tuple(map(tuple, np.round(bends, 1).tolist()))})
