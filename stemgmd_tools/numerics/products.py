"""Products of matrices and of complex numbers that are identical to the bit on every processor.

The order of summation in a BLAS depends on its kernel, the processor and the number of threads, and multiplications may
be fused with additions. Here each operand is split into two integer matrices of so few bits that every sum of their
products is an integer below 2**53. Such sums are exact, so their order does not matter (K. Ozaki, T.
Ogita, S. Oishi, S. M. Rump, *Error-free transformations of matrix multiplication by using fast routines of matrix
multiplication*, Numerical Algorithms 59, 2012).
"""

from __future__ import annotations

from typing import Any, Final, TypeVar

import numpy as np
from numpy.typing import NDArray

Complex = TypeVar("Complex", np.complex64, np.complex128)

_EXACT_BITS: Final = 53
"""Integers of this many bits are exact in float64."""
_LEAST_EXPONENT: Final = -900
"""Smaller operands, below 1e-271, keep fewer bits: their inverse would be too large for a float."""


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
    """Return weighted sums of ``tables``, shape (K, ...), for ``weights`` of shape (M, K): shape (M, ...)."""
    sums = product(weights, tables.reshape(len(tables), -1))
    return np.asarray(sums.reshape(len(weights), *tables.shape[1:]))


def scaled(numbers: NDArray[Complex], factor: NDArray[Any]) -> NDArray[Complex]:
    """Return complex numbers times real factors of the same precision, with broadcasting."""
    result = np.empty(np.broadcast_shapes(numbers.shape, factor.shape), numbers.dtype)
    np.multiply(numbers.real, factor, out=result.real)
    np.multiply(numbers.imag, factor, out=result.imag)
    return result


def complex_product(left: NDArray[Complex], right: NDArray[Complex]) -> NDArray[Complex]:
    """Return the products of complex numbers, with broadcasting; numpy's own products depend on the processor."""
    result = np.empty(np.broadcast_shapes(left.shape, right.shape), left.dtype)
    np.subtract(left.real * right.real, left.imag * right.imag, out=result.real)
    np.add(left.real * right.imag, left.imag * right.real, out=result.imag)
    return result


def _cut(
    matrix: NDArray[np.float64], bits: int, axis: int
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return integers ``high`` and ``low`` and a power of two: the matrix is ``(high + low 2**-bits) unit``.

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
