"""Refine poles and glide with shapes of modes that all aligned strokes share.

Free amplitudes for every stroke may compensate errors of the poles. Here all velocities have the same shapes, which are
eliminated together, and only their gains differ.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
import scipy.linalg

from stemgmd_tools.fitting.modal.damped import Law, Observed, Step, descend, freedoms, jacobian, weighted_basis
from stemgmd_tools.fitting.modal.esprit import Complex
from stemgmd_tools.kits.synthesis.bands import Float

_RIDGE: Final = 3e-3


def refine_shared(
    law: Law,
    observations: Sequence[Observed],
    strokes: Sequence[Float],
    gain: Complex,
    rounds: int,
    *,
    glides: bool,
    decays: tuple[float, float],
) -> Law:
    """Return a law refined for the strokes, with shapes that all velocities share.

    :param strokes: (N, 2) mean stroke of each velocity, weighted like ``observations``.
    :param gain: (velocities, K) complex amplitudes of the modes over their shapes, fixed.
    :param rounds: damped Gauss-Newton steps.
    :param glides: whether depth, times and exponent of the glide may change.
    :param decays: least and greatest decay, nepers per second.
    """
    free = freedoms(law, observations, glides=glides)
    return descend(law, lambda tried: _step(tried, observations, strokes, gain), free, rounds, decays)


def _step(law: Law, observations: Sequence[Observed], strokes: Sequence[Float], gain: Complex) -> Step:
    """Return the Gauss-Newton step over all velocities, shared shapes projected out."""
    count = len(law.poles.decay)
    bases = [weighted_basis(law, observed) * row for observed, row in zip(observations, gain, strict=True)]
    real = [np.concatenate([basis.real, -basis.imag], axis=1) for basis in bases]
    gram = sum((observed.T @ observed for observed in real), np.zeros((2 * count, 2 * count)))
    size = np.sqrt(np.diag(gram)) + 1e-30
    real = [observed / size for observed in real]
    factor = scipy.linalg.cho_factor(gram / np.outer(size, size) + _RIDGE * np.eye(2 * count))
    projected = sum(
        (observed.T @ sound for observed, sound in zip(real, strokes, strict=True)), np.zeros((2 * count, 2))
    )
    both = scipy.linalg.cho_solve(factor, projected)
    shape = (both[:count] + 1j * both[count:]) / size[:count, None]
    width = 2 * count + 7
    cost, slope, curvature = 0.0, np.zeros(width), np.zeros((width, width))
    across = [np.zeros((2 * count, width)) for _ in range(2)]
    for observed, basis, columns, sound in zip(observations, bases, real, strokes, strict=True):
        left = sound - columns @ both
        cost += float((left**2).sum())
        for channel in range(2):
            moves = jacobian(law, observed, basis * shape[:, channel])
            slope += moves.T @ left[:, channel]
            curvature += moves.T @ moves
            across[channel] += columns.T @ moves
    for through in across:
        curvature -= through.T @ scipy.linalg.cho_solve(factor, through)
    return Step(cost, slope, curvature)
