"""Confidence intervals of means over clips, by percentile bootstrap over performances.

All kits and stems of a performance are drawn together, since they are not independent observations: drawing them
separately would make intervals too narrow. Draws come from a named stream, so equal values give equal intervals.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.seeds import stream

DRAWS: Final = 2_000
CONFIDENCE: Final = 0.95
_LEAST_DRAWS: Final = 100


class Interval(NamedTuple):
    """A mean and its confidence interval."""

    mean: float
    """NaN if there are no values."""
    low: float
    high: float
    values: int
    """Number of averaged values, without missing ones."""
    performances: int
    """Number of performances they come from. With fewer than two, ``low`` and ``high`` are NaN."""


def mean_interval(
    values: Sequence[float] | NDArray[Any],
    performances: Sequence[str],
    groups: Sequence[str] | None = None,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the mean of values with its confidence interval.

    :param values: one value per row; NaN is missing.
    :param performances: the performance of each row; rows of the same performance are drawn together.
    :param groups: the stem of each row, to return the mean over stems of their means. None: the mean over all rows.
    :param confidence: between 0 and 1.
    :raises UsageError: if the lengths differ.
    """
    figures = np.asarray(values, np.float64)
    names = ["" for _ in figures] if groups is None else list(groups)
    if not len(figures) == len(performances) == len(names):
        raise UsageError(
            f"{counted(len(figures), 'value')}, {counted(len(performances), 'performance')}, "
            f"{counted(len(names), 'group')}: must be as many"
        )
    present = ~np.isnan(figures)
    sums, counts = _by_performance(figures[present], _selected(performances, present), _selected(names, present))
    if not counts.size:
        return Interval(np.nan, np.nan, np.nan, 0, 0)
    mean = float((sums.sum(axis=0) / counts.sum(axis=0)).mean())
    clusters = len(sums)
    if clusters < 2:
        return Interval(mean, np.nan, np.nan, int(counts.sum()), clusters)
    draw_counts = stream(seed, "bootstrap", clusters).multinomial(clusters, np.full(clusters, 1 / clusters), size=draws)
    low, high = _percentiles(draw_counts @ sums, draw_counts @ counts, confidence)
    return Interval(mean, low, high, int(counts.sum()), clusters)


def paired_interval(
    values: Sequence[float] | NDArray[Any],
    others: Sequence[float] | NDArray[Any],
    performances: Sequence[str],
    groups: Sequence[str] | None = None,
    *,
    seed: int = 0,
    draws: int = DRAWS,
    confidence: float = CONFIDENCE,
) -> Interval:
    """Return the mean of ``values - others`` with its confidence interval; rows are paired by clip and stem.

    :raises UsageError: if the lengths differ.
    """
    first, second = np.asarray(values, np.float64), np.asarray(others, np.float64)
    if first.shape != second.shape:
        raise UsageError(f"{len(first)} values and {len(second)} to compare them with: give the same clips for both")
    return mean_interval(first - second, performances, groups, seed=seed, draws=draws, confidence=confidence)


def _selected(names: Sequence[str], mask: NDArray[np.bool_]) -> list[str]:
    return [name for name, keep in zip(names, mask.tolist(), strict=True) if keep]


def _by_performance(
    figures: NDArray[np.float64], performances: Sequence[str], groups: Sequence[str]
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return sums and counts of figures, shape (performance, group), both ascending by name."""
    clusters, rows = np.unique(np.array(performances, object).astype(str), return_inverse=True)
    kinds, columns = np.unique(np.array(groups, object).astype(str), return_inverse=True)
    sums = np.zeros((len(clusters), len(kinds)))
    counts = np.zeros(sums.shape, np.int64)
    np.add.at(sums, (rows, columns), figures)
    np.add.at(counts, (rows, columns), 1)
    return sums, counts


def _percentiles(sums: NDArray[np.float64], counts: NDArray[np.int64], confidence: float) -> tuple[float, float]:
    """Return the interval of the mean over groups across draws.

    Draws that lack all values of a group are skipped, since their mean is not comparable. NaN if fewer than 100 remain.
    """
    complete = (counts > 0).all(axis=1)
    if complete.sum() < _LEAST_DRAWS:
        return np.nan, np.nan
    means = (sums[complete] / counts[complete]).mean(axis=1)
    tail = (1.0 - confidence) / 2.0
    low, high = np.quantile(means, [tail, 1.0 - tail])
    return float(low), float(high)
