"""Compute the gain of every velocity from one continuous curve through the levels of the layers.

A layer's level is the mean power of its variations over the first :data:`LEVEL_S` after the attack. The curve passes
through the levels at the layers' reference velocities, is linear in decibels over the logarithm of velocity, and never
falls: levels that are not in order are replaced by the nearest non-decreasing ones (isotonic regression, Barlow et al.
1972). The gain of a velocity is the curve minus the level of its layer, so the level does not jump between layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.bank.sound_sources import SourceLayer
from stemgmd_tools.kits.sample_map.validation import HIGHEST_VELOCITY, LOWEST_VELOCITY
from stemgmd_tools.kits.synthesis.takes import LEVEL_S
from stemgmd_tools.numerics.elementary import exp10, log2, log10

SQUARE_LAW_DB: Final = 40.0 * log10(2.0)
"""Decibels per octave of velocity if amplitude is proportional to the square of velocity (40 log10 v): used for a
single layer, and the steepest slope of an extrapolation."""
LINEAR_LAW_DB: Final = 20.0 * log10(2.0)
"""Decibels per octave if amplitude is proportional to velocity: the flattest slope of an extrapolation."""

GAIN_STEP_DB: Final = 1e-4
"""Gains are rounded to this step."""
UNEVEN_DB: Final = 0.5
"""A layer that is softer than the one below by more than this causes a warning."""

VELOCITIES: Final = np.arange(HIGHEST_VELOCITY + 1)
"""The velocity axis of a bank's tables; 0 is not a stroke and has no gain."""


class Dynamics(NamedTuple):
    """The layer and the gain of each velocity."""

    layer: NDArray[np.uint8]
    """(128,)"""
    gain: NDArray[np.float32]
    """(128,) amplitude ratio; 0 at velocity 0."""
    dip_db: float
    """Largest level by which a layer is softer than one below it; 0 if they are in order."""


def energy(pcm: NDArray[np.int16], onset: int, scale: float, sample_rate: int) -> float:
    """Return the mean power of a one-shot after its attack, full scale 1.0.

    :param pcm: shape (frames, 2). The sum is taken over integers, so it is the same on every machine.
    :param onset: frame of the attack.
    :param scale: amplitude of one PCM unit.
    """
    frames = round(LEVEL_S * sample_rate)
    stretch = pcm[onset : onset + frames].astype(np.int64)
    total = int((stretch * stretch).sum())
    return total * scale * scale / (2 * frames)


def dynamics(
    layers: Sequence[SourceLayer],
    energies: Sequence[float],
    gain_db: float,
    dynamics_db: float | None,
    *,
    is_smooth: bool = True,
) -> Dynamics:
    """Return the layer and the gain of every velocity.

    :param layers: softest first, covering 1..127.
    :param energies: mean power of each layer's one-shots.
    :param gain_db: added to every gain.
    :param dynamics_db: level difference between velocity 1 and 127; None: as recorded.
    :param is_smooth: whether one curve is drawn through the layers; otherwise each of several is as loud as recorded.
    """
    recorded_db = 10.0 * log10(np.array(energies))
    meant_db = recorded_db + [layer.gain_db for layer in layers]
    layer = np.searchsorted([layer.high for layer in layers], VELOCITIES, side="left").astype(np.uint8)
    if is_smooth or dynamics_db is not None or len(layers) == 1:
        curve_db = velocity_curve([layer.reference for layer in layers], meant_db, dynamics_db)
    else:
        curve_db = meant_db[layer]
    steps = np.rint((curve_db - recorded_db[layer] + gain_db) / GAIN_STEP_DB)
    gain = exp10(steps * (GAIN_STEP_DB / 20.0)).astype(np.float32)
    gain[0] = 0.0
    dip_db = float((np.maximum.accumulate(meant_db) - meant_db).max())
    return Dynamics(layer, gain, dip_db)


def isotonic(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the non-decreasing sequence with the least squared distance (pool adjacent violators)."""
    pools: list[tuple[float, int]] = []
    for value in values.tolist():
        mean, count = value, 1
        while pools and pools[-1][0] > mean:
            below, size = pools.pop()
            mean, count = (below * size + mean * count) / (size + count), size + count
        pools.append((mean, count))
    return np.concatenate([np.full(count, mean) for mean, count in pools])


def velocity_curve(
    references: Sequence[int], meant_db: NDArray[np.float64], dynamics_db: float | None
) -> NDArray[np.float64]:
    """Return the level in dB of each velocity, which never falls; velocity 0 gets that of 1.

    :param references: velocity of each layer, ascending.
    :param meant_db: level of each layer at its reference, as recorded and with its gain.
    :param dynamics_db: as in :func:`dynamics`.
    """
    levels_db = isotonic(meant_db)
    octaves = log2(np.maximum(VELOCITIES, LOWEST_VELOCITY))
    at = log2(np.array(references, dtype=np.float64))
    if dynamics_db is not None:
        return float(levels_db[-1]) + dynamics_db / log2(HIGHEST_VELOCITY) * (octaves - float(at[-1]))
    slopes = np.diff(levels_db) / np.diff(at) if len(at) > 1 else np.array([SQUARE_LAW_DB])
    softest, loudest = np.clip(slopes[[0, -1]], LINEAR_LAW_DB, SQUARE_LAW_DB)
    curve = np.interp(octaves, at, levels_db)
    curve += softest * np.minimum(octaves - at[0], 0.0) + loudest * np.maximum(octaves - at[-1], 0.0)
    return curve
