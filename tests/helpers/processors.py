"""Environments that make one machine compute as others do: BLAS kernels, threads, SIMD of numpy and the C library."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from itertools import combinations, product
from typing import TypeAlias

import pytest
from numpy._core._multiarray_umath import __cpu_dispatch__  # type: ignore[import-not-found]

Environment: TypeAlias = dict[str, str]

X86_64 = platform.machine() in ("x86_64", "AMD64")
only_on_x86_64 = pytest.mark.skipif(not X86_64, reason="the bytes are promised for x86-64 only")

_WIDE = [name for name in __cpu_dispatch__ if "512" in name or name == "X86_V4"]
BLAS_KERNELS: list[Environment] = [{}, *({"OPENBLAS_CORETYPE": k} for k in ("Haswell", "SkylakeX", "Zen", "Prescott"))]
THREADS: list[Environment] = [{"OPENBLAS_NUM_THREADS": "1"}, {"OPENBLAS_NUM_THREADS": "2"}]
NUMPY_FEATURES: list[Environment] = [
    {},
    {"NPY_DISABLE_CPU_FEATURES": " ".join(_WIDE)},
    {"NPY_DISABLE_CPU_FEATURES": " ".join(__cpu_dispatch__)},
]
C_LIBRARY: list[Environment] = [{}, {"GLIBC_TUNABLES": "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX512F"}]

TORCH: list[Environment] = [
    {},
    {"ATEN_CPU_CAPABILITY": "avx2", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "OMP_NUM_THREADS": "2"},
    {
        "ATEN_CPU_CAPABILITY": "default",
        "MKL_ENABLE_INSTRUCTIONS": "SSE4_2",
        "MKL_NUM_THREADS": "1",
        "ONEDNN_MAX_CPU_ISA": "SSE41",
        "OMP_NUM_THREADS": "1",
    },
]
MACHINES: list[Environment] = [
    {},
    BLAS_KERNELS[1] | THREADS[1] | NUMPY_FEATURES[1] | TORCH[1],
    BLAS_KERNELS[-1] | THREADS[0] | NUMPY_FEATURES[-1] | C_LIBRARY[-1] | TORCH[-1],
]
"""This machine, one without AVX-512 and one without AVX."""


def all_of(*choices: list[Environment]) -> list[Environment]:
    """Return every combination of one environment from each list."""
    return [{key: value for part in parts for key, value in part.items()} for parts in product(*choices)]


def pairs_of(*choices: list[Environment]) -> list[Environment]:
    """Return combinations in which any two environments of two lists occur together, as few as a greedy choice takes.

    A difference that needs three at once is missed; every combination would take twice as many processes.
    """
    combined = list(product(*(range(len(choice)) for choice in choices)))
    missing = {pair for one in combined for pair in combinations(enumerate(one), 2)}
    chosen = []
    while missing:
        best = max(combined, key=lambda one: len(missing.intersection(combinations(enumerate(one), 2))))
        missing.difference_update(combinations(enumerate(best), 2))
        chosen.append(best)
    environments = [[choice[number] for choice, number in zip(choices, one, strict=True)] for one in chosen]
    return [{key: value for part in parts for key, value in part.items()} for parts in environments]


def printed_under(environment: Environment, program: str, *arguments: str) -> str:
    """Return what a Python program prints in a process with these variables and no others of their kind."""
    inherited = {key: value for key, value in os.environ.items() if key not in _ALL}
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program, *arguments],
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{environment}: {done.stderr}"
    return done.stdout


_ALL = {key for part in (*BLAS_KERNELS, *THREADS, *NUMPY_FEATURES, *C_LIBRARY, *TORCH) for key in part}
