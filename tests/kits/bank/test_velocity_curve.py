"""The velocity curve: continuous, never falling, through what was recorded."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stemgmd_tools.kits.bank.sound_sources import SourceLayer
from stemgmd_tools.kits.bank.velocity_curve import (
    GAIN_STEP_DB,
    LINEAR_LAW_DB,
    SQUARE_LAW_DB,
    dynamics,
    energy,
    isotonic,
)

ROUNDING_DB = 2 * GAIN_STEP_DB
"""Gains are rounded to a step, and to float32."""

levels_db = st.lists(st.floats(-60, 0), min_size=1, max_size=8)


def evenly(count: int) -> list[SourceLayer]:
    edges = np.linspace(0, 127, count + 1).round().astype(int).tolist()
    return [SourceLayer(low + 1, high, high, 0.0, ("x",)) for low, high in itertools.pairwise(edges)]


def sounding_db(recorded: list[float], dynamics_db: float | None = None, gain_db: float = 0.0) -> np.ndarray:
    """Return the level that each velocity 1..127 sounds at."""
    curve = dynamics(evenly(len(recorded)), [10 ** (level / 10) for level in recorded], gain_db, dynamics_db)
    assert curve.gain[0] == 0
    return np.array([recorded[curve.layer[v]] + 20 * math.log10(curve.gain[v]) for v in range(1, 128)])


@given(levels_db)
def test_levels_never_fall_and_never_jump(recorded: list[float]) -> None:
    sounding = sounding_db(recorded)
    steps = np.diff(sounding)
    assert steps.min() >= -ROUNDING_DB
    references = [layer.reference for layer in evenly(len(recorded))]
    slopes = np.diff(isotonic(np.array(recorded))) / np.diff(np.log2(references))
    steepest = max([SQUARE_LAW_DB, *slopes.tolist()])
    assert (steps <= steepest * np.diff(np.log2(np.arange(1, 128))) + ROUNDING_DB).all()


@given(levels_db.map(sorted))
def test_layers_in_order_sound_as_recorded_at_their_reference(recorded: list[float]) -> None:
    sounding = sounding_db(recorded)
    for layer, level in zip(evenly(len(recorded)), recorded, strict=True):
        assert abs(sounding[layer.reference - 1] - level) <= ROUNDING_DB


@given(levels_db.filter(lambda levels: len(levels) > 1))
def test_layers_play_as_recorded_if_the_curve_is_not_smooth(recorded: list[float]) -> None:
    layers = [replace(layer, gain_db=-3.0) for layer in evenly(len(recorded))]
    curve = dynamics(layers, [10 ** (level / 10) for level in recorded], -2.0, None, is_smooth=False)
    gains_db = 20 * np.log10(curve.gain[1:].astype(np.float64))
    np.testing.assert_allclose(gains_db, -5.0, atol=ROUNDING_DB)


def test_dynamics_that_a_map_gives_are_straight_either_way() -> None:
    for levels, dynamics_db in ([-10.0, -30.0], 20.0), ([-10.0], None):
        energies = [10 ** (level / 10) for level in levels]
        smooth, recorded = (
            dynamics(evenly(len(levels)), energies, 0.0, dynamics_db, is_smooth=is_smooth)
            for is_smooth in (True, False)
        )
        np.testing.assert_array_equal(smooth.gain, recorded.gain)


def test_one_layer_follows_the_square_law() -> None:
    sounding = sounding_db([-10.0])
    expected = -10 + 40 * np.log10(np.arange(1, 128) / 127)
    np.testing.assert_allclose(sounding, expected, atol=ROUNDING_DB)


def test_extrapolation_below_the_softest_layer_is_bounded() -> None:
    flat = sounding_db([-10.0, -9.9])
    steep = sounding_db([-60.0, -10.0])
    assert abs(flat[31] - flat[15] - LINEAR_LAW_DB) < ROUNDING_DB
    assert abs(steep[31] - steep[15] - SQUARE_LAW_DB) < ROUNDING_DB


def test_given_dynamics_replace_the_recorded_ones() -> None:
    sounding = sounding_db([-20.0, -19.0], dynamics_db=50.0)
    assert abs(sounding[-1] - sounding[0] - 50.0) < ROUNDING_DB
    assert abs(sounding[-1] + 19.0) < ROUNDING_DB


def test_gain_is_added() -> None:
    np.testing.assert_allclose(sounding_db([-20.0], gain_db=6.0) - sounding_db([-20.0]), 6.0, atol=ROUNDING_DB)


def test_a_dip_is_reported() -> None:
    curve = dynamics(evenly(3), [1.0, 0.1, 2.0], 0.0, None)
    assert abs(curve.dip_db - 10.0) < 1e-9


@given(levels_db)
def test_isotonic_is_the_nearest_non_decreasing_sequence(values: list[float]) -> None:
    array = np.array(values)
    fitted = isotonic(array)
    assert (np.diff(fitted) >= -1e-9).all()
    assert math.isclose(fitted.sum(), array.sum(), abs_tol=1e-6)
    np.testing.assert_allclose(isotonic(np.sort(array)), np.sort(array))
    # Optimality: no constant shift of a tail of the fit comes nearer while staying in order.
    for start in range(len(values)):
        shifted = fitted.copy()
        shifted[start:] += 0.01
        assert ((shifted - array) ** 2).sum() >= ((fitted - array) ** 2).sum() - 1e-9


def test_energy_of_a_constant() -> None:
    pcm = np.full((44_100, 2), 1000, np.int16)
    assert math.isclose(energy(pcm, 100, 2.0**-15, 44_100), (1000 / 32768) ** 2)
