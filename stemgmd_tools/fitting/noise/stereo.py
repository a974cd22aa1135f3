"""Fit the stereo image of the noise: a level difference and a coherence per band."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stemgmd_tools.fitting.noise.bands import WIDTHS_S, Bands
from stemgmd_tools.kits.synthesis.bands import CENTRES_HZ, Float
from stemgmd_tools.kits.synthesis.parameters import Stereo

_MONO_COHERENCE: Final = 0.999
_MONO_DB: Final = 0.05
_WIDEST_DB: Final = 30.0
_LEAST_SHARE: Final = 0.03
_POINT_BANDS: Final = 2
"""Neighbouring bands that share a point."""


def stereo_of(measured: Sequence[Bands], modes: Sequence[Bands | None]) -> Stereo | None:
    """Return the stereo image of the layers without their modes; None for a mono recording.

    :param measured: the mean bands of each layer.
    :param modes: the expected bands of each layer's modes.
    """
    totals = np.zeros((3, len(CENTRES_HZ)))
    for whole, part in zip(measured, modes, strict=True):
        sums = _sums(whole)
        power = sums[:2].mean(axis=0)
        if part is not None:
            mode_sums = _sums(part)
            share = np.clip(1.0 - mode_sums[:2].mean(axis=0) / np.maximum(power, 1e-30), _LEAST_SHARE, 1.0)
            noise_sums = np.maximum(sums[:2] - mode_sums[:2], _LEAST_SHARE * sums[:2])
            limit = np.sqrt(noise_sums[0] * noise_sums[1])
            sums = np.stack([noise_sums[0], noise_sums[1], np.clip(sums[2] - mode_sums[2], -limit, limit)]) * share
        totals += sums / max(float(power.max()), 1e-30)
    left, right, cross = (part.reshape(-1, _POINT_BANDS).sum(axis=1) for part in totals)
    difference = np.clip(10.0 * np.log10((left + 1e-30) / (right + 1e-30)), -_WIDEST_DB, _WIDEST_DB)
    coherence = np.clip(cross / np.sqrt((left + 1e-30) * (right + 1e-30)), -1.0, 1.0)
    if coherence.min() > _MONO_COHERENCE and np.abs(difference).max() < _MONO_DB:
        return None
    points = CENTRES_HZ.reshape(-1, _POINT_BANDS).mean(axis=1)
    return Stereo(
        frequencies_hz=tuple(float(f"{hertz:.3g}") for hertz in points),
        left_minus_right_db=tuple(np.round(difference, 1).tolist()),
        coherence=tuple(np.round(coherence, 2).tolist()),
    )


def _sums(bands: Bands) -> Float:
    """Return (3, BANDS) energies of left, right and their product."""
    return np.stack([bands.left @ WIDTHS_S, bands.right @ WIDTHS_S, bands.cross @ WIDTHS_S])
