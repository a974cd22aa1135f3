"""Levels measured on a bank's own PCM."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.velocity_curve import GAIN_STEP_DB, energy

ROUNDING_DB = 2 * GAIN_STEP_DB
"""Gains are rounded to a step, and to float32."""


def own_degrees(bank: Bank, articulation: int) -> int:
    """Return how many degrees of openness an articulation has, 1 for none."""
    return max(1, int(np.count_nonzero(~np.isnan(bank.degrees[articulation]))))


def cells(bank: Bank) -> list[tuple[int, int]]:
    """Return every articulation with every degree of its own."""
    return [(a, degree) for a in range(len(bank.degrees)) for degree in range(own_degrees(bank, a))]


def sounding_db(bank: Bank, articulation: int, degree: int) -> NDArray[np.float64]:
    """Return the level that each velocity 1..127 sounds at, shape (127,)."""
    layers = bank.layer[articulation, degree, 1:]
    recorded = np.array([_power(bank, articulation, degree, layer) for layer in range(int(layers.max()) + 1)])
    gain = bank.gain[articulation, degree, 1:].astype(np.float64)
    return 10 * np.log10(recorded)[layers] + 20 * np.log10(gain)


def take_levels_db(bank: Bank, articulation: int, degree: int, layer: int) -> NDArray[np.float64]:
    """Return the level of every take of a layer, shape (takes,), without the bank's gain."""
    return np.asarray(10 * np.log10(_take_powers(bank, articulation, degree, layer)))


def _power(bank: Bank, articulation: int, degree: int, layer: int) -> float:
    return float(_take_powers(bank, articulation, degree, layer).mean())


def _take_powers(bank: Bank, articulation: int, degree: int, layer: int) -> NDArray[np.float64]:
    first = int(bank.first[articulation, degree, layer])
    rows = range(first, first + int(bank.variations[articulation, degree, layer]))
    scale, onset = bank.samples["scale"], bank.samples["onset"]
    return np.array([energy(bank.one_shot(r), int(onset[r]), float(scale[r]), bank.sample_rate) for r in rows])
