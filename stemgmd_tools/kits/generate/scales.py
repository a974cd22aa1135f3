"""Interpolate numbers and curves on perceptual scales."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stemgmd_tools.kits.synthesis.bands import Float, knot_weights
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY
from stemgmd_tools.numerics.elementary import exp, log, log2


def between(start: float, end: float, share: float) -> float:
    """Interpolate linearly: share 0 gives ``start``, 1 gives ``end``."""
    return (1.0 - share) * start + share * end


def log_between(start: float, end: float, share: float) -> float:
    """Interpolate on a logarithmic scale."""
    return float(exp(between(log(start), log(end), share)))


def between_curves(start: Float, end: Float, share: float) -> Float:
    """Interpolate curves linearly."""
    return np.asarray((1.0 - share) * start + share * end)


def velocity_weights(known: Sequence[int], wanted: Sequence[int]) -> Float:
    """Return weights, shape (known, wanted), that interpolate columns between velocities, linearly in log2."""

    def octaves(velocities: Sequence[int]) -> Float:
        return np.asarray(log2(np.array(velocities) / REFERENCE_VELOCITY))

    return knot_weights(octaves(known), octaves(wanted), extend=False)
