"""Tables and constants of :mod:`stemgmd_tools.numerics.elementary`, computed in decimal and rational arithmetic."""

from __future__ import annotations

from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

STEPS: Final = 256
"""Entries of each table."""
CENTRED: Final = 0x3FE6000000000000
"""Bits of 0.6875: the table of logarithms covers 0.6875 .. 1.375."""

_CONTEXT: Final = Context(prec=60)
LN2: Final = Fraction(_CONTEXT.ln(Decimal(2)))
LN10: Final = Fraction(_CONTEXT.ln(Decimal(10)))
PI: Final = Fraction("3.14159265358979323846264338327950288419716939937510582097494")
_LOG_GRID_BITS: Final = 42
"""Leading parts of logarithms are multiples of 2**-42, so that their sums with multiples of ``ln 2`` are exact."""
_INVERSE_BITS: Final = 12


def leading(value: Fraction, bits: int) -> float:
    """Return the multiple of ``2**-bits`` that is nearest to ``value``."""
    return float(Fraction(round(value * 2**bits), 2**bits))


def in_parts(value: Fraction, *bits: int) -> tuple[float, ...]:
    """Return floats that sum to ``value``: one for each number of binary places, and the rest."""
    parts = []
    for places in bits:
        parts.append(leading(value, places))
        value -= Fraction(parts[-1])
    return (*parts, float(value))


LN2_PARTS: Final = in_parts(LN2, _LOG_GRID_BITS)


@lru_cache(maxsize=1)
def exp_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ``2 ** (j / 256)`` rounded to float64, and the rounding errors."""
    step = _CONTEXT.exp(_CONTEXT.divide(_CONTEXT.ln(Decimal(2)), Decimal(STEPS)))
    exact, value = [], Decimal(1)
    for _ in range(STEPS):
        exact.append(Fraction(value))
        value = _CONTEXT.multiply(value, step)
    return _float_pairs(exact)


@lru_cache(maxsize=1)
def log_table() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return, for each interval, the rounded inverse of its middle and minus the logarithm of that, in two parts.

    The upper eight bits of a mantissa divide 0.6875 .. 1.375 into intervals. Both that meet at 1 have the inverse 1, so
    that logarithms are accurate there.
    """
    starts = (CENTRED + (np.arange(STEPS + 1, dtype=np.int64) << 44)).view(np.float64)
    inverse, head, tail = np.empty(STEPS), np.empty(STEPS), np.empty(STEPS)
    for row, (low, high) in enumerate(zip(starts[:-1].tolist(), starts[1:].tolist(), strict=True)):
        inverse[row] = 1.0 if 1.0 in (low, high) else leading(2 / (Fraction(low) + Fraction(high)), _INVERSE_BITS)
        logarithm = Fraction(_CONTEXT.ln(Decimal(inverse[row])))
        head[row], tail[row] = in_parts(-logarithm, _LOG_GRID_BITS)
    return inverse, head, tail


@lru_cache(maxsize=1)
def circle_table() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the cosine and the sine of ``j / 256`` turns."""
    angle = 2 * PI / STEPS
    step_cos = sum(((-1) ** k * angle ** (2 * k) / _factorial(2 * k) for k in range(12)), Fraction(0))
    step_sin = sum(((-1) ** k * angle ** (2 * k + 1) / _factorial(2 * k + 1) for k in range(12)), Fraction(0))
    quarter, (x, y) = [], (Fraction(1), Fraction(0))
    for _ in range(STEPS // 4):
        quarter.append(float(y))
        turned = (x * step_cos - y * step_sin, x * step_sin + y * step_cos)
        x, y = (Fraction(round(value * 2**200), 2**200) for value in turned)
    half = np.array([*quarter, 1.0, *quarter[:0:-1]])
    sine = np.concatenate([half, -half])
    return np.roll(sine, -STEPS // 4), sine


def _float_pairs(exact: list[Fraction]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    heads = [float(value) for value in exact]
    tails = [float(value - Fraction(head)) for value, head in zip(exact, heads, strict=True)]
    return np.array(heads), np.array(tails)


def _factorial(number: int) -> int:
    return 1 if number < 2 else number * _factorial(number - 1)
