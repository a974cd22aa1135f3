"""The grain of a noise: narrow spectral lines, drawn once for an articulation of a kit.

A cymbal has a partial every few hertz up to 16 kHz. Their exact frequencies are inaudible, but without them the
spectrum of the ring is too flat. The lines are drawn as gains on an even grid, normal on a decibel scale (in power
skewed towards peaks, like the response of a plate), with the depth of a recording in each octave. Their power is
normalised over every forty-eighth of an octave, so the spectral envelope remains that of level tables and colour; the
deepest lines lower the total by up to 2 dB, which the levels of a fit compensate.
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
"""Lower limit of the grain: below, modes and colour resolve the partials."""
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
    gain = np.sqrt(_flattened(exp10(depth * drawn / 10.0), points_hz))
    return np.asarray(np.interp(frequencies_hz, points_hz, gain, left=1.0, right=1.0))


def _flattened(power: Float, points_hz: Float) -> Float:
    """Return powers divided by their mean over a forty-eighth of an octave, at least three points."""
    reach = np.maximum(1, np.rint(points_hz * (exp2(_EVEN_OCTAVES / 2) - 1.0) / _STEP_HZ)).astype(np.intp)
    place = np.arange(len(power))
    first, last = np.maximum(0, place - reach), np.minimum(len(power), place + reach + 1)
    total = np.concatenate([[0.0], np.cumsum(power)])
    return np.asarray(power * (last - first) / (total[last] - total[first]))
