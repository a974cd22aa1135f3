"""Intervals over performances."""

from __future__ import annotations

import math

import numpy as np
import pytest

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.evaluation.bootstrap import mean_interval, paired_interval

ROWS = 400


def _rows(seed: int, clusters: int = 40) -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(seed)
    names = [f"p{row % clusters}" for row in range(ROWS)]
    own = rng.normal(0, 2, clusters)
    return 10 + np.array([own[row % clusters] for row in range(ROWS)]) + rng.normal(0, 0.1, ROWS), names


def test_the_mean_is_the_mean_and_lies_inside() -> None:
    values, names = _rows(0)
    interval = mean_interval(values, names)
    assert interval.mean == pytest.approx(values.mean())
    assert interval.low < interval.mean < interval.high
    assert (interval.values, interval.performances) == (ROWS, 40)


def test_rows_of_one_performance_are_drawn_together() -> None:
    values, names = _rows(1)
    clustered = mean_interval(values, names)
    alone = mean_interval(values, [str(row) for row in range(ROWS)])
    # The standard error of 40 clusters of ten like values is sqrt(10) that of 400 values of their own.
    ratio = (clustered.high - clustered.low) / (alone.high - alone.low)
    assert 2.5 < ratio < 4.0


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    covered = 0
    for seed in range(200):
        values, names = _rows(seed)
        interval = mean_interval(values, names, draws=400, confidence=0.9)
        covered += interval.low <= 10.0 <= interval.high
    assert 0.82 <= covered / 200 <= 0.97


def test_stem_mean_and_pooled_mean_differ_where_stems_are_rare() -> None:
    values = [20.0] * 9 + [0.0]
    names = [f"p{row}" for row in range(10)]
    stems = ["kick"] * 9 + ["toms"]
    assert mean_interval(values, names).mean == pytest.approx(18.0)
    assert mean_interval(values, names, stems).mean == pytest.approx(10.0)


def test_draws_without_a_stem_are_no_draws_of_the_stem_mean() -> None:
    values = [20.0] * 9 + [0.0]
    names = [f"p{row}" for row in range(9)] + ["p0"]
    interval = mean_interval(values, names, ["kick"] * 9 + ["toms"])
    assert (interval.mean, interval.low, interval.high) == (10.0, 10.0, 10.0)


def test_missing_values_are_left_out() -> None:
    interval = mean_interval([1.0, math.nan, 3.0], ["a", "b", "c"])
    assert (interval.mean, interval.values, interval.performances) == (2.0, 2, 2)
    nothing = mean_interval([math.nan], ["a"])
    assert math.isnan(nothing.mean)
    assert nothing.values == 0
    one = mean_interval([4.0, 6.0], ["a", "a"])
    assert one.mean == 5.0
    assert math.isnan(one.low)


def test_differences_are_paired() -> None:
    values, names = _rows(3)
    better = paired_interval(values + 0.5, values, names)
    assert better.mean == pytest.approx(0.5)
    assert better.high - better.low < 1e-9


def test_draws_are_repeatable_and_follow_the_seed() -> None:
    values, names = _rows(4)
    assert mean_interval(values, names) == mean_interval(values, names)
    assert mean_interval(values, names, seed=1) != mean_interval(values, names)
    order = np.random.default_rng(0).permutation(ROWS)
    shuffled = mean_interval(values[order], [names[row] for row in order])
    assert shuffled.low == pytest.approx(mean_interval(values, names).low)


def test_lengths_must_agree() -> None:
    with pytest.raises(UsageError, match="2 values, 1 performance"):
        mean_interval([1.0, 2.0], ["a"])
    with pytest.raises(UsageError, match="2 values and 1 to compare"):
        paired_interval([1.0, 2.0], [1.0], ["a", "b"])
