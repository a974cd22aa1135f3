"""Named random streams that do not depend on the order of draws.

A stream is determined by a seed and by names, so its draws do not depend on the order of work, the number of workers, a
resumed run or the process. Names are hashed with BLAKE2b because Python's own ``hash`` differs between processes.
"""

from __future__ import annotations

import hashlib
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.numerics.elementary import log

_TAIL: Final = 3.6541528853610088
"""Start of the tail in numpy's ziggurat algorithm."""
_TRIES: Final = 8


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator that belongs to ``seed`` and ``names``.

    :param seed: any non-negative integer, as given on the command line.
    :param names: purpose of the stream, from the general to the particular, e.g. ``("render", performance, kit)``.
    :return: a PCG64 generator; equal arguments give equal streams in every process and on every machine.

    Decisions about numbered items, such as hits, draw one row per item from one stream: row ``i`` then depends only on
    the names and on ``i``.
    """
    text = "\x1f".join((str(seed), *(str(name) for name in names)))
    digest = hashlib.blake2b(text.encode(), digest_size=32).digest()
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(np.frombuffer(digest, dtype="<u4").tolist())))


@overload
def standard_normal(draw: np.random.Generator) -> float: ...
@overload
def standard_normal(draw: np.random.Generator, shape: int | tuple[int, ...]) -> NDArray[np.float64]: ...
def standard_normal(draw: np.random.Generator, shape: int | tuple[int, ...] = ()) -> float | NDArray[np.float64]:
    """Draw from the normal distribution of mean 0 and variance 1.

    numpy computes values beyond 3.65, one draw in 4,000, with the C library's ``log1p``, whose last bit depends on the
    library and the processor. These are drawn again with the method of G. Marsaglia, *Generating a variable from the
    tail of the normal distribution*, Technometrics 6, 1964.
    """
    drawn = np.asarray(draw.standard_normal(shape))
    beyond = np.abs(drawn) > _TAIL
    if beyond.any():
        drawn[beyond] = np.copysign(_tail(draw, int(beyond.sum())), drawn[beyond])
    return drawn if drawn.ndim else float(drawn)


def _tail(draw: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Draw ``count`` values from the tail of the normal distribution: the first accepted of eight candidates each."""
    place, height = draw.random((2, count, _TRIES))
    candidates = np.sqrt(_TAIL * _TAIL - 2.0 * log(1.0 - place))
    return np.asarray(candidates[np.arange(count), np.argmax(height * candidates < _TAIL, axis=1)])
