"""The grain of a noise: lines too narrow to be given one by one, drawn once for an articulation of a kit.

A cymbal has a partial every few hertz up to 16 kHz. Nobody hears which they are, but that they are there: without them
the spectrum of what rings is too flat. The lines are drawn as gains on an even grid, normal on a decibel scale (in
power skewed towards peaks, as the response of a plate is), as deep in each octave as a recording's are. Their power is
evened out over every forty-eighth of an octave, so the course of the spectrum stays what level tables and colour say;
the deepest take up to 2 dB from the whole, which a fit's levels make up for.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.parameters import GRAIN_OCTAVES_HZ
from stemgmd_tools.numerics.elementary import exp2, exp10, log
from stemgmd_tools.seeds import standard_normal, stream

_STEP_HZ: Final = 3.0
_LOW_HZ: Final = GRAIN_OCTAVES_HZ[0] / 2
"""There is no grain below: modes and colour resolve what is there."""
_HIGH_HZ: Final = 20_000.0
_EVEN_OCTAVES: Final = 1 / 48


def grain_gains(depth_db: tuple[float, ...], kit: str, articulation: str, frequencies_hz: Float) -> Float:
    """Return the amplitude ratio of a grain at each frequency.

    :param depth_db: standard deviation of the lines' levels around each of :data:`GRAIN_OCTAVES_HZ`.
    """
    points_hz = np.arange(_LOW_HZ, _HIGH_HZ, _STEP_HZ)
    anchors = log([_LOW_HZ, *GRAIN_OCTAVES_HZ])
    depth = np.interp(log(points_hz), anchors, [0.0, *depth_db])
    drawn = standard_normal(stream(0, "voice", kit, articulation, "grain"), len(points_hz))
    gain = np.sqrt(_evened(exp10(depth * drawn / 10.0), points_hz))
    return np.asarray(np.interp(frequencies_hz, points_hz, gain, left=1.0, right=1.0))


def _evened(power: Float, points_hz: Float) -> Float:
    """Return powers over their mean within a forty-eighth of an octave, three points at least."""
    reach = np.maximum(1, np.rint(points_hz * (exp2(_EVEN_OCTAVES / 2) - 1.0) / _STEP_HZ)).astype(np.intp)
    place = np.arange(len(power))
    first, last = np.maximum(0, place - reach), np.minimum(len(power), place + reach + 1)
    total = np.concatenate([[0.0], np.cumsum(power)])
    return np.asarray(power * (last - first) / (total[last] - total[first]))
