"""Elementary functions with results that are identical to the bit on every processor.

The results of ``numpy.exp``, ``numpy.sin`` or ``math.log`` depend on the processor's instruction set and on the C
library. The functions here use only additions, multiplications, comparisons, roundings and table look-ups in a fixed
order, and IEEE 754 defines the result of each. Their tables come from exact arithmetic (:mod:`.elementary_tables`).

Every argument is reduced to the neighbourhood of one of 256 table entries, where a short polynomial is evaluated
(P. T. P. Tang, *Table-driven implementation of the exponential function in IEEE floating-point arithmetic*, ACM TOMS
15, 1989). Logarithms are carried as sums of two floats, as in ``pow`` of ARM's Optimized Routines.

Each function takes a number or an array of any shape, and returns a float or a float64 array of that shape. Normal
results are within 1 ulp of the exact value; those of ``expm1``, ``sin``, ``cos`` and ``turn`` within 2 ulp, of
``tan`` and ``tanh`` within 3. Zeros, infinities and NaN give what numpy gives, without warnings.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, Final, Protocol, TypeAlias, cast, overload

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.numerics.elementary_tables import (
    CENTRED,
    LN2,
    LN2_PARTS,
    LN10,
    PI,
    STEPS,
    circle_table,
    exp_table,
    in_parts,
    log_table,
)

Float: TypeAlias = NDArray[np.float64]
Numbers: TypeAlias = NDArray[np.floating[Any]] | NDArray[np.integer[Any]] | Sequence[float]
_Int: TypeAlias = NDArray[np.int64]

_BLOCK: Final = 8192
"""Number of elements computed at a time, so that intermediate results stay in the processor's caches."""
_MANTISSA_BITS: Final = 52
_BIAS: Final = 1023
_SMALLEST_NORMAL: Final = 2.0**-1022
_UPPER_HALF: Final = -1 << 27
"""Mask of the bits of a float that leaves 26 significant ones."""
_UPPER_BITS: Final = -1 << 32
_HALF_UPPER: Final = 1 << 31

LARGEST_ANGLE: Final = 1e6
"""Largest angle in radians of ``sin``, ``cos`` and ``tan``; ``turn`` accepts any number of turns."""

_NATURAL: Final = in_parts(LN2 / STEPS, 41)
_NATURAL_STEPS: Final = float(STEPS / LN2)
_DECIMAL: Final = in_parts(LN2 / LN10 / STEPS, 41)
_DECIMAL_STEPS: Final = float(STEPS * LN10 / LN2)
_ANGLE: Final = in_parts(2 * PI / STEPS, 32, 59, 86)
_PER_LN2: Final = in_parts(1 / LN2, 52)
_PER_LN10: Final = in_parts(1 / LN10, 54)


class _UnaryFunction(Protocol):
    @overload
    def __call__(self, x: float, /) -> float: ...
    @overload
    def __call__(self, x: Numbers, /) -> Float: ...


class _BinaryFunction(Protocol):
    @overload
    def __call__(self, x: float, y: float, /) -> float: ...
    @overload
    def __call__(self, x: Numbers, y: float | Numbers, /) -> Float: ...
    @overload
    def __call__(self, x: float, y: Numbers, /) -> Float: ...


def _elementwise(kernel: Callable[..., Float]) -> Any:
    """Turn a kernel for blocks of one axis into a function of numbers and arrays of any shape."""

    @wraps(kernel)
    def function(*arguments: float | Numbers) -> float | Float:
        arrays = [np.asarray(argument, dtype=np.float64) for argument in arguments]
        if len(arrays) > 1:
            arrays = list(np.broadcast_arrays(*arrays))
        shape = arrays[0].shape
        flat = [array.reshape(-1) for array in arrays]
        result = np.empty(flat[0].size)
        with np.errstate(all="ignore"):
            for start in range(0, result.size, _BLOCK):
                block = slice(start, start + _BLOCK)
                result[block] = kernel(*(array[block] for array in flat))
        return result.reshape(shape) if shape else float(result[0])

    return function


def _unary(kernel: Callable[[Float], Float]) -> _UnaryFunction:
    return cast("_UnaryFunction", _elementwise(kernel))


def _binary(kernel: Callable[[Float, Float], Float]) -> _BinaryFunction:
    return cast("_BinaryFunction", _elementwise(kernel))


@_unary
def exp(x: Float) -> Float:
    """Return e to the power ``x``."""
    return _exp(x)


@_unary
def exp2(x: Float) -> Float:
    """Return 2 to the power ``x``."""
    x = np.minimum(np.maximum(x, -1076.0), 1025.0)
    steps = np.rint(x * STEPS)
    return _scaled(*_exponential(steps, (x - steps / STEPS) * float(LN2)))


@_unary
def exp10(x: Float) -> Float:
    """Return 10 to the power ``x``."""
    x = np.minimum(np.maximum(x, -325.0), 310.0)
    steps = np.rint(x * _DECIMAL_STEPS)
    rest = (x - steps * _DECIMAL[0]) - steps * _DECIMAL[1]
    return _scaled(*_exponential(steps, rest * float(LN10)))


@_unary
def expm1(x: Float) -> Float:
    """Return e to the power ``x``, minus 1; accurate near 0, too."""
    return _expm1(x)


@_unary
def tanh(x: Float) -> Float:
    """Return the hyperbolic tangent of ``x``."""
    more = _expm1(2.0 * np.minimum(np.abs(x), 30.0))
    return np.copysign(more / (more + 2.0), x)


@_unary
def log(x: Float) -> Float:
    """Return the natural logarithm of ``x``: ``-inf`` for 0, NaN below."""
    head, tail = _logarithm(x)
    return _checked(head + tail, x)


@_unary
def log2(x: Float) -> Float:
    """Return the logarithm of ``x`` to base 2."""
    head, tail = _product(*_logarithm(x), *_PER_LN2)
    return _checked(head + tail, x)


@_unary
def log10(x: Float) -> Float:
    """Return the logarithm of ``x`` to base 10."""
    head, tail = _product(*_logarithm(x), *_PER_LN10)
    return _checked(head + tail, x)


@_binary
def power(x: Float, y: Float) -> Float:
    """Return ``x`` to the power ``y``; NaN where ``x`` is negative and ``y`` not a whole number."""
    size = np.abs(x)
    logarithm = _logarithm(size)
    head, tail = _product(*logarithm, y, 0.0)
    ordinary = (size > 0.0) & (size < np.inf) & (np.abs(head) < 1000.0)
    head = np.where(ordinary, head, y * _checked(logarithm[0], size))
    result = _exp(head, np.where(ordinary, tail, 0.0))
    whole = y == np.rint(y)
    odd = whole & (np.rint(y / 2.0) != y / 2.0)
    result = np.where(np.signbit(x) & odd, -result, result)
    result = np.where((x < 0.0) & np.isfinite(x) & ~whole, np.nan, result)
    return np.where((y == 0.0) | (x == 1.0) | ((x == -1.0) & np.isinf(y)), 1.0, result)


@_unary
def sin(x: Float) -> Float:
    """Return the sine of ``x`` radians; a ValueError beyond :data:`LARGEST_ANGLE`."""
    return _circular(*_reduced(x))[1]


@_unary
def cos(x: Float) -> Float:
    """Return the cosine of ``x`` radians; a ValueError beyond :data:`LARGEST_ANGLE`."""
    return _circular(*_reduced(x))[0]


@_unary
def tan(x: Float) -> Float:
    """Return the tangent of ``x`` radians; a ValueError beyond :data:`LARGEST_ANGLE`."""
    cosine, sine = _circular(*_reduced(x))
    return sine / cosine


def turn(x: float | Numbers) -> tuple[Float, Float]:
    """Return the cosine and the sine of ``x`` turns, two arrays of the shape of ``x``."""
    turns = np.asarray(x, dtype=np.float64)
    flat = turns.reshape(-1)
    both = np.empty((2, flat.size))
    with np.errstate(all="ignore"):
        for start in range(0, flat.size, _BLOCK):
            block = slice(start, start + _BLOCK)
            part = flat[block] - np.rint(flat[block])
            steps = np.rint(part * STEPS)
            both[:, block] = _circular(steps, (part - steps / STEPS) * float(2 * PI))
    cosine, sine = both.reshape(2, *turns.shape)
    return cosine, sine


def _exp(x: Float, beyond: Float | float = 0.0) -> Float:
    """Return e to the power ``x + beyond``, where ``beyond`` is the small part of a sum of two floats."""
    x = np.minimum(np.maximum(x, -746.0), 710.0)
    steps = np.rint(x * _NATURAL_STEPS)
    rest = (x - steps * _NATURAL[0]) - steps * _NATURAL[1]
    return _scaled(*_exponential(steps, rest + beyond))


def _expm1(x: Float) -> Float:
    near = np.minimum(np.maximum(x, -40.0), 40.0)
    steps = np.rint(near * _NATURAL_STEPS)
    rest = (near - steps * _NATURAL[0]) - steps * _NATURAL[1]
    exponent, head, tail = _exponential(steps, rest)
    scale = _power_of_two(exponent)
    result = (head * scale - 1.0) + tail * scale
    return np.where(x == 0.0, x, np.where(np.abs(x) < 40.0, result, _exp(x) - 1.0))


def _exponential(steps: Float, rest: Float) -> tuple[_Int, Float, Float]:
    """Return ``2 ** (steps / 256) * e ** rest`` as an exponent of 2 and the large and the small part of a factor."""
    place = steps.astype(np.int64)
    heads, tails = exp_table()
    index = place & (STEPS - 1)
    head = heads[index]
    growth = rest + rest * rest * (1 / 2 + rest * (1 / 6 + rest * (1 / 24 + rest * (1 / 120))))
    return place >> 8, head, head * growth + tails[index]


def _scaled(exponent: _Int, head: Float, tail: Float) -> Float:
    """Return ``(head + tail) * 2 ** exponent``, rounded once more only where it is not a normal number."""
    half = exponent >> 1
    return (head + tail) * _power_of_two(half) * _power_of_two(exponent - half)


def _power_of_two(exponent: _Int) -> Float:
    return ((exponent + _BIAS) << _MANTISSA_BITS).view(np.float64)


def _logarithm(x: Float) -> tuple[Float, Float]:
    """Return the natural logarithms of positive numbers, each the sum of a large and a small part."""
    small = x < _SMALLEST_NORMAL
    bits = np.where(small, x * 2.0**54, x).view(np.int64)
    above = bits - CENTRED
    exponent = above >> _MANTISSA_BITS
    mantissa = bits - (exponent << _MANTISSA_BITS)
    scale = (exponent - 54 * small).astype(np.float64)
    inverses, heads, tails = log_table()
    index = (above >> (_MANTISSA_BITS - 8)) & (STEPS - 1)
    inverse = inverses[index]
    upper = ((mantissa + _HALF_UPPER) & _UPPER_BITS).view(np.float64)
    # Both products are exact: the factors have few enough digits.
    near, beyond = upper * inverse - 1.0, (mantissa.view(np.float64) - upper) * inverse
    rest = near + beyond
    start = scale * LN2_PARTS[0] + heads[index]
    linear = start + rest
    half_near = -0.5 * near
    square = near * half_near
    head = linear + square
    series = 1 / 5 + rest * (-1 / 6 + rest * (1 / 7 + rest * (-1 / 8 + rest * (1 / 9))))
    cubic = rest * rest * rest * (1 / 3 + rest * (-1 / 4 + rest * series))
    tail = (scale * LN2_PARTS[1] + tails[index]) + ((start - linear) + rest)
    tail = tail + beyond * (half_near - 0.5 * rest) + ((linear - head) + square) + cubic
    return head, tail


def _checked(result: Float, x: Float) -> Float:
    """Return the logarithm with its limits: ``-inf`` for 0, ``inf`` for ``inf``, NaN for negative numbers."""
    ends = np.where(x == 0.0, -np.inf, np.where(x == np.inf, np.inf, np.nan))
    return np.where((x > 0.0) & (x < np.inf), result, ends)


def _product(a: Float, a_tail: Float, b: Float | float, b_tail: float) -> tuple[Float, Float]:
    """Return the product of two sums of a large and a small part, as such a sum (T. J. Dekker, 1971)."""
    b = np.asarray(b, dtype=np.float64)
    a_upper, b_upper = _upper_half(a), _upper_half(b)
    a_lower, b_lower = a - a_upper, b - b_upper
    head = a * b
    error = ((a_upper * b_upper - head) + a_upper * b_lower + a_lower * b_upper) + a_lower * b_lower
    return head, error + (a * b_tail + a_tail * b)


def _upper_half(x: Float) -> Float:
    return (x.view(np.int64) & _UPPER_HALF).view(np.float64)


def _reduced(x: Float) -> tuple[Float, Float]:
    """Return angles as whole steps of a 256th of a turn and the rest in radians."""
    if (np.isfinite(x) & (np.abs(x) > LARGEST_ANGLE)).any():
        raise ValueError(f"angle of more than {LARGEST_ANGLE:g} radians; give it in turns to elementary.turn")
    steps = np.rint(x * float(STEPS / (2 * PI)))
    rest = x
    for part in _ANGLE:
        rest = rest - steps * part
    return steps, rest


def _circular(steps: Float, rest: Float) -> tuple[Float, Float]:
    """Return the cosine and the sine of ``steps`` 256ths of a turn and ``rest`` radians."""
    cosines, sines = circle_table()
    index = steps.astype(np.int64) & (STEPS - 1)
    cosine, sine = cosines[index], sines[index]
    square = rest * rest
    beside = rest + rest * square * (-1 / 6 + square * (1 / 120 - square * (1 / 5040)))
    beyond = square * (-1 / 2 + square * (1 / 24 - square * (1 / 720)))
    return cosine + (cosine * beyond - sine * beside), sine + (sine * beyond + cosine * beside)
