"""Random streams named by what they are for, never by when they are drawn.

A stream is fixed by a seed and the names of the thing it decides about, so a draw does not change with the order of
work, the number of workers, a resumed run or the process it happens in. Names are hashed with BLAKE2b because
Python's own ``hash`` differs from process to process.
"""

from __future__ import annotations

import hashlib

import numpy as np


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
