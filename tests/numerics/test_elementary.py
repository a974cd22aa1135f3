"""Elementary functions: accuracy against mpmath, special values, shapes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from processors import C_LIBRARY, NUMPY_FEATURES, all_of, only_on_x86_64, printed_under

from stemgmd_tools.numerics import elementary

mpmath.mp.prec = 200
DRAW = np.random.Generator(np.random.PCG64(7))
WIDE = 10.0 ** DRAW.uniform(-300, 300, 400)
AROUND_ONE = 1.0 + DRAW.choice([-1, 1], 400) * 10.0 ** DRAW.uniform(-15.5, -1, 400)
SMALL = DRAW.choice([-1, 1], 400) * 10.0 ** DRAW.uniform(-20, 0, 400)
POSITIVE = np.concatenate([WIDE, AROUND_ONE, DRAW.uniform(0.5, 2.0, 400), 10.0 ** DRAW.uniform(-323, -308, 50)])
ANGLES = np.concatenate(
    [SMALL, DRAW.uniform(-10, 10, 400), DRAW.uniform(-1e6, 1e6, 400), np.arange(-300, 300) * (np.pi / 2)]
)
TURNS = np.concatenate([SMALL, DRAW.uniform(-2, 2, 400), DRAW.uniform(-1e9, 1e9, 400), np.arange(-8, 8) / 8])
SPECIAL = np.array(
    [0.0, -0.0, np.inf, -np.inf, np.nan, 1, -1, 2, -2, 0.5, -0.5, 3, -3, 1e308, -1e308, 5e-324, 746, -746]
)

ONE_ULP = 1.0
TWO_ULP = 2.0
THREE_ULP = 3.0


def error_ulp(computed: Any, exact: list[Any]) -> float:
    """Return the largest error in units of the last place of the exact values."""
    spacing = np.abs(np.spacing(np.array([float(value) for value in exact])))
    return max(
        float(abs(mpmath.mpf(a) - b) / c) for a, b, c in zip(computed.tolist(), exact, spacing.tolist(), strict=True)
    )


@pytest.mark.parametrize(
    ("function", "reference", "arguments", "allowed"),
    [
        (elementary.exp, mpmath.exp, np.concatenate([SMALL, DRAW.uniform(-700, 700, 800)]), ONE_ULP),
        (elementary.exp2, lambda x: mpmath.power(2, x), DRAW.uniform(-1020, 1020, 800), ONE_ULP),
        (elementary.exp10, lambda x: mpmath.power(10, x), DRAW.uniform(-300, 300, 800), ONE_ULP),
        (elementary.expm1, mpmath.expm1, np.concatenate([SMALL, DRAW.uniform(-50, 50, 800)]), TWO_ULP),
        (elementary.tanh, mpmath.tanh, np.concatenate([SMALL, DRAW.uniform(-25, 25, 800)]), THREE_ULP),
        (elementary.log, mpmath.log, POSITIVE, ONE_ULP),
        (elementary.log2, lambda x: mpmath.log(x) / mpmath.log(2), POSITIVE, ONE_ULP),
        (elementary.log10, mpmath.log10, POSITIVE, ONE_ULP),
        (elementary.sin, mpmath.sin, ANGLES, TWO_ULP),
        (elementary.cos, mpmath.cos, ANGLES, TWO_ULP),
        (elementary.tan, mpmath.tan, ANGLES, THREE_ULP),
        (lambda x: elementary.turn(x)[0], lambda x: mpmath.cospi(2 * x), TURNS, TWO_ULP),
        (lambda x: elementary.turn(x)[1], lambda x: mpmath.sinpi(2 * x), TURNS, TWO_ULP),
    ],
)
def test_results_are_within_the_stated_error(
    function: Any, reference: Callable[[Any], Any], arguments: Any, allowed: float
) -> None:
    exact = [reference(mpmath.mpf(x)) for x in arguments.tolist()]
    assert error_ulp(function(arguments), exact) <= allowed


def test_powers_are_within_the_stated_error() -> None:
    x = np.concatenate([10.0 ** DRAW.uniform(-30, 30, 400), AROUND_ONE, DRAW.uniform(0, 2, 400)])
    y = np.concatenate([DRAW.uniform(-10, 10, 400), DRAW.uniform(-1000, 1000, 400), np.full(400, 0.35)])
    exact = [mpmath.power(mpmath.mpf(a), mpmath.mpf(b)) for a, b in zip(x.tolist(), y.tolist(), strict=True)]
    assert error_ulp(elementary.power(x, y), exact) <= ONE_ULP


def test_results_that_are_floats_are_exact() -> None:
    assert elementary.exp10(np.arange(23)).tolist() == [10**n for n in range(23)]
    exponents = np.arange(-1074, 1024)
    assert (elementary.exp2(exponents) == np.ldexp(1.0, exponents)).all()
    assert (elementary.log2(np.ldexp(1.0, exponents)) == exponents).all()
    assert elementary.log10([float(10**n) for n in range(23)]).tolist() == list(range(23))
    whole = np.arange(-2000, 2000)
    assert (elementary.power(whole, 3.0) == whole**3).all()
    assert (elementary.power(whole**2, 0.5) == np.abs(whole)).all()
    assert elementary.turn([0.25, 0.5, 1.0])[1].tolist() == [1.0, 0.0, 0.0]


@pytest.mark.parametrize("name", ["exp", "exp2", "expm1", "tanh", "log", "log2", "log10"])
@pytest.mark.filterwarnings("error")
def test_special_values_are_those_of_numpy(name: str) -> None:
    with np.errstate(all="ignore"):
        expected = getattr(np, name)(SPECIAL)
    computed = getattr(elementary, name)(SPECIAL)
    np.testing.assert_allclose(computed, expected, rtol=1e-15)
    assert (np.signbit(computed) == np.signbit(expected))[~np.isnan(expected)].all()


@pytest.mark.filterwarnings("error")
def test_special_powers_are_those_of_numpy() -> None:
    x, y = np.meshgrid(SPECIAL, SPECIAL)
    with np.errstate(all="ignore"):
        expected = np.power(x, y)
    np.testing.assert_allclose(elementary.power(x, y), expected, rtol=1e-15)


def test_angles_that_nobody_means_are_refused() -> None:
    with pytest.raises(ValueError, match="give it in turns"):
        elementary.sin(2e6)
    assert math.isnan(elementary.cos(math.inf))


def test_numbers_and_arrays_of_any_shape() -> None:
    x = DRAW.uniform(-1, 1, (3, 5, 1700))
    assert isinstance(elementary.exp(0.5), float)
    assert isinstance(elementary.power(2, 0.5), float)
    assert elementary.exp(x).shape == x.shape
    assert elementary.exp(np.zeros((0, 3))).shape == (0, 3)
    assert elementary.log([1, 2]).tolist() == [0.0, math.log(2)]
    one_by_one = np.array([elementary.sin(value) for value in x[0, 0].tolist()])
    assert (elementary.sin(x[:, ::-1].transpose(2, 0, 1))[:, 0, -1] == one_by_one).all()
    assert (elementary.exp(x.astype(np.float32)) == elementary.exp(x.astype(np.float32).astype(np.float64))).all()
    assert elementary.power(x, x[0, 0]).shape == x.shape


PRINT_BITS = """
import hashlib
import numpy as np
from stemgmd_tools.numerics import elementary

draw = np.random.Generator(np.random.PCG64(1))
x, y = draw.uniform(-30.0, 30.0, (2, 20_000))
found = [getattr(elementary, name)(x) for name in ("exp", "exp2", "exp10", "expm1", "tanh", "sin", "cos", "tan")]
found += [getattr(elementary, name)(np.abs(x)) for name in ("log", "log2", "log10")]
found += [elementary.power(np.abs(x), y), *elementary.turn(x)]
print(*(hashlib.sha256(one.tobytes()).hexdigest()[:8] for one in found))
"""


@only_on_x86_64
def test_bits_do_not_depend_on_the_processor_or_the_c_library() -> None:
    printed = {printed_under(one, PRINT_BITS) for one in all_of(NUMPY_FEATURES, C_LIBRARY)}
    assert len(printed) == 1
