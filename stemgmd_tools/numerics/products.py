"""Products of matrices and of complex numbers that have the same bits on every processor.

A BLAS adds up in an order that depends on its kernel, the processor and the number of threads, and may fuse
multiplications with additions. Here each operand is first cut into two integer matrices of so few bits that every sum
of their products is a whole number below 2**53. Such sums are exact, so their order does not matter (K. Ozaki, T.
Ogita, S. Oishi, S. M. Rump, *Error-free transformations of matrix multiplication by using fast routines of matrix
multiplication*, Numerical Algorithms 59, 2012).
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Complex = TypeVar("Complex", np.complex64, np.complex128)

_EXACT_BITS: Final = 53
"""Whole numbers of so many bits are float64 values, and so is every sum that stays among them."""
_LEAST_EXPONENT: Final = -900
"""What is smaller, 1e-271, has fewer bits: its inverse would be too large for a float."""


def product(left: NDArray[np.float64], right: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the matrix product of (..., M, K) and (..., K, N), shape (..., M, N).

    The error of an element is at most ``5 K 4**-b`` times the largest absolute value in its row of ``left`` times that
    in its column of ``right``, where ``b = (53 - ceil(log2 K)) // 2`` bits are in each part: 1.5e-10 for K = 512, and
    many times less where signs vary. Both operands have to be finite.
    """
    terms = left.shape[-1]
    bits = (_EXACT_BITS - max(terms - 1, 1).bit_length()) // 2
    left_high, left_low, left_unit = _cut(left, bits, axis=-1)
    right_high, right_low, right_unit = _cut(right, bits, axis=-2)
    total = left_high @ right_low
    total += left_low @ right_high
    total *= 2.0**-bits
    total += left_high @ right_high
    total += 0.0  # makes every zero positive: a BLAS may return either
    total *= left_unit
    total *= right_unit
    return np.asarray(total)


def weighted(weights: NDArray[np.float64], tables: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return sums of ``tables``, shape (K, ...), each with its weight: (M, K) weights give the shape (M, ...)."""
    sums = product(weights, tables.reshape(len(tables), -1))
    return np.asarray(sums.reshape(len(weights), *tables.shape[1:]))


def scaled(numbers: NDArray[Complex], factor: NDArray[Any]) -> NDArray[Complex]:
    """Return complex numbers times real ones of the same precision, the two broadcast."""
    result = np.empty(np.broadcast_shapes(numbers.shape, factor.shape), numbers.dtype)
    np.multiply(numbers.real, factor, out=result.real)
    np.multiply(numbers.imag, factor, out=result.imag)
    return result


def complex_product(one: NDArray[Complex], other: NDArray[Complex]) -> NDArray[Complex]:
    """Return the products of complex numbers, the two broadcast; numpy's own depend on the processor."""
    result = np.empty(np.broadcast_shapes(one.shape, other.shape), one.dtype)
    np.subtract(one.real * other.real, one.imag * other.imag, out=result.real)
    np.add(one.real * other.imag, one.imag * other.real, out=result.imag)
    return result


def _cut(
    matrix: NDArray[np.float64], bits: int, axis: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return whole numbers ``high`` and ``low`` and a power of two: the matrix is ``(high + low 2**-bits) unit``.

    ``high`` is at most ``2**bits``, ``low`` half of that; each row (or column, along ``axis``) has one unit.
    """
    _, exponent = np.frexp(np.abs(matrix).max(axis=axis, keepdims=True, initial=0.0))
    exponent = np.maximum(exponent, _LEAST_EXPONENT) - bits
    low = matrix * np.ldexp(1.0, -exponent)
    high = np.rint(low)
    low -= high
    low *= 2.0**bits
    np.rint(low, out=low)
    return high, low, np.ldexp(1.0, exponent)
