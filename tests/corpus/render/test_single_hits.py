"""The choice of takes for single hits."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stemgmd_tools.corpus.render.ladder import EVEN, rising


def test_a_take_at_the_level_of_its_layer_is_taken_where_that_rises() -> None:
    steps = [[(1.2,), (0.8,), (1.0,)], [(2.0,), (2.3,), (1.7,)], [(3.0,), (2.5,), (3.5,)]]
    assert rising(steps) == [2, 0, 0]


def test_another_take_is_taken_where_levels_would_fall() -> None:
    # the means fall from 1.0 to 0.9, a soft take and the mean rise
    assert rising([[(1.0,), (0.85,), (1.15,)], [(0.9,), (0.84,), (0.96,)]]) == [1, 0]


def test_falls_of_the_first_measure_count_before_those_of_the_second() -> None:
    steps = [[(1.0, 1.0)], [(1.1, 0.5), (0.9, 2.0), (1.2, 0.8)]]
    assert rising(steps) == [0, 2]


def test_rounding_is_no_fall() -> None:
    assert rising([[(1.0,)], [(0.999,), (0.5,), (1.498,)]]) == [0, 0]


power = st.floats(0.1, 10.0)


@given(st.lists(st.lists(st.tuples(power, power), min_size=1, max_size=3), min_size=1, max_size=5))
def test_no_other_choice_falls_less(steps: list[list[tuple[float, float]]]) -> None:
    def falls(choice: tuple[int, ...]) -> list[float]:
        chosen = np.array([takes[take] for takes, take in zip(steps, choice, strict=True)])
        ratios = chosen[:-1] / chosen[1:]
        return (np.where(ratios > EVEN, ratios - 1.0, 0.0)).sum(axis=0).tolist()

    best = falls(tuple(rising(steps)))
    least = min(falls(choice) for choice in itertools.product(*(range(len(takes)) for takes in steps)))
    assert np.allclose(best, least)
