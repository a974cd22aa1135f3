"""How strokes of one velocity differ: estimated from the repeats of every layer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stemgmd_tools.kits.fit.bands import Bands, decibels
from stemgmd_tools.kits.model.bands import CENTRES_HZ
from stemgmd_tools.kits.model.parameters import Jitter

_EARLY_BINS: Final = 45
_LEVEL_LIMITS_DB: Final = (0.1, 3.0)
_TILT_LIMITS_DB: Final = (0.0, 1.0)


def jitter_of(repeats: Sequence[Sequence[Bands]], typical: Jitter) -> Jitter:
    """Return how the repeats of all layers differ in level and tilt.

    :param repeats: the strokes of every layer.
    :param typical: what is taken where no layer has two strokes.
    """
    levels, tilts = [], []
    for layer in repeats:
        if len(layer) < 2:
            continue
        power = np.array([one.power.sum(axis=1) for one in layer])
        level = decibels(power.sum(axis=1))
        bands = decibels(power) - level[:, None]
        bands = bands - bands.mean(axis=0)
        weight = power.mean(axis=0) ** 0.3
        octaves = np.log2(CENTRES_HZ / 1000.0)
        octaves = octaves - (weight * octaves).sum() / weight.sum()
        tilt = (weight * octaves * bands).sum(axis=1) / (weight * octaves**2).sum()
        degrees = len(layer) - 1
        levels += [float(((level - level.mean()) ** 2).sum() / degrees)] * degrees
        tilts += [float(((tilt - tilt.mean()) ** 2).sum() / degrees)] * degrees
    if not levels:
        return typical
    return Jitter(
        level_db=round(float(np.clip(np.sqrt(np.mean(levels)), *_LEVEL_LIMITS_DB)), 2),
        tilt_db_per_octave=round(float(np.clip(np.sqrt(np.mean(tilts)), *_TILT_LIMITS_DB)), 2),
        band_db=typical.band_db,
        mode_db=typical.mode_db,
        frequency=typical.frequency,
        shared_noise=typical.shared_noise,
    )
