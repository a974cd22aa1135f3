"""Random streams named by what they are for, never by when they are drawn.

A stream is fixed by a seed and the names of the thing it decides about, so a draw does not change with the order of
work, the number of workers, a resumed run or the process it happens in. Names are hashed with BLAKE2b because
Python's own ``hash`` differs from process to process.
"""

from __future__ import annotations

import hashlib
from typing import Final, overload

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.numerics.elementary import log

_TAIL: Final = 3.6541528853610088
"""Where the tail of numpy's ziggurat begins."""
_TRIES: Final = 8


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator that belongs to ``seed`` and ``names``.

    :param seed: any non-negative integer, as given on the command line.
    :param names: what is decided, from the general to the particular, e.g. ``("render", performance, kit)``.
    :return: a PCG64 generator; equal arguments give equal streams in every process and on every machine.

    A decision about many numbered things (hits) draws one row per thing from one stream: row ``i`` then depends on
    the names and ``i`` alone.
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

    numpy takes what lies beyond 3.65, one draw in 4,000, from the C library's ``log1p``, whose last bit depends on the
    library and the processor; it is drawn again (G. Marsaglia, *Generating a variable from the tail of the normal
    distribution*, Technometrics 6, 1964).
    """
    drawn = np.asarray(draw.standard_normal(shape))
    beyond = np.abs(drawn) > _TAIL
    if beyond.any():
        drawn[beyond] = np.copysign(_tail(draw, int(beyond.sum())), drawn[beyond])
    return drawn if drawn.ndim else float(drawn)


def _tail(draw: np.random.Generator, count: int) -> NDArray[np.float64]:
    """Draw from a normal distribution's tail; the first good one of eight tries counts."""
    place, height = draw.random((2, count, _TRIES))
    tried = np.sqrt(_TAIL * _TAIL - 2.0 * log(1.0 - place))
    return np.asarray(tried[np.arange(count), np.argmax(height * tried < _TAIL, axis=1)])
