"""Energies of a stem and of the error of its estimate, from which several metrics follow.

Computed in float64 over all channels and frames.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.metric import Meter, Sound

DELTA: Final = 1e-7
"""Added to numerator and denominator of nSDR and uSDR, as in the publications; bounds them on silent references."""


class Energies(Meter):
    """Sums over a stem and its estimate.

    The error is ``reference - estimate``. SI-SDR is computed from the sums of the error, not of the estimate: the
    difference of two nearly equal energies would lose precision for good estimates.
    """

    def __init__(self, sample_rate: int = 44_100) -> None:
        """Start before the first frame."""
        super().__init__(sample_rate)
        self.samples = 0
        """Channels times frames."""
        self.reference = 0.0
        """Energy of the reference."""
        self.error = 0.0
        """Energy of the error."""
        self.cross = 0.0
        """Inner product of error and reference."""

    def push(self, reference: Sound, estimate: Sound) -> None:
        """Add the next block, of any length.

        :raises UsageError: if the two differ in shape.
        """
        if reference.shape != estimate.shape:
            raise UsageError(
                f"reference has shape {reference.shape}, its estimate {estimate.shape}; both need the same shape"
            )
        stem = np.asarray(reference, np.float64).reshape(-1)
        error = stem - np.asarray(estimate, np.float64).reshape(-1)
        self.samples += stem.size
        self.reference += _inner(stem, stem)
        self.error += _inner(error, error)
        self.cross += _inner(error, stem)


def decibels(ratio: float) -> float:
    """Return the level of a ratio of energies; minus infinity for 0, NaN for NaN."""
    return 10.0 * math.log10(ratio) if ratio > 0.0 else ratio if math.isnan(ratio) else -math.inf


def _inner(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return an inner product without BLAS, whose threads cost more than they bring and wait for each other."""
    return float(np.einsum("i,i->", a, b))
