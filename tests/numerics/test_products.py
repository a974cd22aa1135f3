"""Products: accuracy against extended precision, and the same bits whatever the BLAS."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from processors import BLAS_KERNELS, C_LIBRARY, NUMPY_FEATURES, THREADS, all_of, only_on_x86_64, printed_under

from stemgmd_tools.numerics.products import complex_product, product, scaled, weighted

Float = NDArray[np.float64]
DRAW = np.random.Generator(np.random.PCG64(3))
ONE_ROUNDING = 2.0**-52


def bound(left: Float, right: Float) -> Float:
    """Return what the documentation of ``product`` allows, element by element."""
    terms = left.shape[-1]
    bits = (53 - max(terms - 1, 1).bit_length()) // 2
    largest = np.abs(left).max(axis=-1, keepdims=True) * np.abs(right).max(axis=-2, keepdims=True)
    return np.asarray((5.0 * terms * 4.0**-bits + ONE_ROUNDING * terms) * largest)


@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 1, 5), (40, 20, 448), (64, 600, 96), (5, 5000, 3)])
def test_errors_stay_within_the_stated_bound(shape: tuple[int, int, int]) -> None:
    rows, terms, columns = shape
    left = DRAW.standard_normal((rows, terms)) * np.exp(DRAW.uniform(-30, 30, (rows, 1)))
    right = DRAW.standard_normal((terms, columns)) * np.exp(DRAW.uniform(-30, 30, columns))
    exact = (left.astype(np.longdouble)[:, :, None] * right.astype(np.longdouble)).sum(axis=1)
    assert (np.abs(product(left, right) - exact) <= bound(left, right)).all()


def test_sums_of_parts_are_whole_numbers_below_the_limit() -> None:
    """The worst operands: every element as large as its row allows, every sum as large as it can be."""
    for terms in (2, 3, 4, 511, 512, 513, 2048):
        left, right = np.full((1, terms), 1.0 - 2.0**-53), np.full((terms, 1), 1.0 - 2.0**-53)
        mixed = left * np.where(np.arange(terms) % 2, -1.0, 1.0)
        assert abs(product(left, right)[0, 0] - terms) <= bound(left, right)[0, 0]
        assert abs(product(mixed, right)[0, 0] - mixed.sum()) <= bound(left, right)[0, 0]


def test_zeros_tiny_numbers_and_stacks() -> None:
    left = DRAW.standard_normal((4, 6, 5))
    right = DRAW.standard_normal((5, 7))
    assert product(left, right).shape == (4, 6, 7)
    assert (product(left, right)[2] == product(left[2], right)).all()
    zero = product(np.array([[-0.0, 0.0]]), np.ones((2, 2)))
    assert not zero.any()
    assert not np.signbit(zero).any()
    assert product(np.full((1, 2), 1e-250), np.full((2, 1), 1e250))[0, 0] == pytest.approx(2.0)
    assert product(np.zeros((3, 0)), np.zeros((0, 2))).tolist() == [[0.0, 0.0]] * 3


def test_sums_of_tables() -> None:
    weights, tables = DRAW.uniform(0, 1, (2, 3)), DRAW.uniform(0, 1, (3, 4, 5))
    assert weighted(weights, tables) == pytest.approx(np.tensordot(weights, tables, axes=1))


def test_complex_numbers() -> None:
    one, other = DRAW.standard_normal((2, 50, 2)).view(np.complex128)[..., 0]
    assert complex_product(one[:, None], other) == pytest.approx(np.multiply.outer(one, other))
    single = one.astype(np.complex64)
    assert scaled(single, np.float32(0.5) * np.ones(1, np.float32)).dtype == np.complex64
    assert (scaled(single, np.array(0.5, np.float32)) == single / 2).all()


PRINT_BITS = """
import hashlib
import numpy as np
from stemgmd_tools.numerics.products import complex_product, product

draw = np.random.Generator(np.random.PCG64(1))
found = [product(draw.standard_normal((m, k)), draw.standard_normal((k, n)))
         for m, k, n in ((1, 700, 300), (3, 5, 7), (200, 513, 190), (17, 2000, 33))]
found.append(complex_product(*draw.standard_normal((2, 999, 2)).view(np.complex128)))
print(*(hashlib.sha256(one.tobytes()).hexdigest()[:8] for one in found))
"""


@only_on_x86_64
def test_bits_do_not_depend_on_the_blas_or_the_processor() -> None:
    environments = all_of(BLAS_KERNELS, THREADS) + all_of([BLAS_KERNELS[-1]], NUMPY_FEATURES, C_LIBRARY)
    assert len({printed_under(one, PRINT_BITS) for one in environments}) == 1
