"""Numbers and curves between two, on the scales they are heard on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stemgmd_tools.kits.synthesis.bands import Float, knot_weights
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY
from stemgmd_tools.numerics.elementary import exp, log, log2


def between(one: float, other: float, share: float) -> float:
    """Return the number that lies the share of the way from one to the other."""
    return (1.0 - share) * one + share * other


def log_between(one: float, other: float, share: float) -> float:
    """Return the same on a logarithmic scale."""
    return float(exp(between(log(one), log(other), share)))


def between_curves(one: Float, other: Float, share: float) -> Float:
    """Return the curve that lies the share of the way from one to the other."""
    return np.asarray((1.0 - share) * one + share * other)


def velocity_weights(given: Sequence[int], wanted: Sequence[int]) -> Float:
    """Return (given, wanted) weights with which columns given at velocities are read at others: linear in log2."""

    def octaves(velocities: Sequence[int]) -> Float:
        return np.asarray(log2(np.array(velocities) / REFERENCE_VELOCITY))

    return knot_weights(octaves(given), octaves(wanted), extend=False)
