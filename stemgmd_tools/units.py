"""Convert units: seconds to frames, decibels to gains, floats to integer PCM. No other module does this."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.numerics.elementary import exp10, log10

CENTS_PER_OCTAVE: Final = 1200.0

LOWEST_RATE: Final = 8_000
HIGHEST_RATE: Final = 192_000
"""Sample rates in Hz that banks and corpora may have."""


def frames_of(time_s: float, sample_rate: int) -> int:
    """Return the frame nearest to ``time_s`` seconds; ties go to the even frame.

    >>> frames_of(0.5, 44100)
    22050
    """
    return round(time_s * sample_rate)


def frames_of_array(times_s: NDArray[np.float64], sample_rate: int) -> NDArray[np.int64]:
    """Return what :func:`frames_of` returns for each element of ``times_s``."""
    return np.rint(np.asarray(times_s, dtype=np.float64) * sample_rate).astype(np.int64)


def seconds_of(frames: int, sample_rate: int) -> float:
    """Return the time in seconds at which frame number ``frames`` starts."""
    return frames / sample_rate


def gain_of_db(level_db: float) -> float:
    """Return the amplitude ratio of a level in decibels (20 log10).

    >>> round(gain_of_db(-6.0206), 6)
    0.5
    """
    return exp10(level_db / 20.0)


def db_of_gain(gain: float) -> float:
    """Return the level in decibels of an amplitude ratio; ``-inf`` for 0."""
    return 20.0 * log10(gain) if gain > 0.0 else -math.inf


def full_scale(bit_depth: int) -> int:
    """Return the integer that stands for amplitude 1.0 at ``bit_depth`` bits: 2**(bit_depth - 1)."""
    return int(1 << (bit_depth - 1))


def quantise(
    samples: NDArray[np.float32], gain: np.float32, scratch: NDArray[np.float32], out: NDArray[np.signedinteger]
) -> None:
    """Write ``samples * gain`` to ``out`` as integers, each rounded to the nearest, ties to even.

    Nothing is clipped: the caller must choose ``gain`` (full scale included) so that every product is in the range of
    ``out``. ``scratch`` has the shape of ``samples`` and is overwritten. All operations are elementwise IEEE 754
    operations, so the result is the same on every machine.
    """
    np.multiply(samples, gain, out=scratch)
    np.rint(scratch, out=scratch)
    np.copyto(out, scratch, casting="unsafe")
