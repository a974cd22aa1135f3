"""Fourier transforms that are identical to the bit on every x86-64 processor.

pocketfft, which :mod:`scipy.fft` uses, adds and multiplies in the same order on every processor, but takes sines and
cosines from the C library, whose last bits depend on the processor's instruction set. The results agree at lengths that
are powers of two (a test compares all of them), but not at some others, such as 2250. In single precision the
difference is rounded away.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.fft
from numpy.typing import NDArray


def length_for(frames: int) -> int:
    """Return the shortest length of a transform that holds ``frames`` frames: a power of two."""
    return 1 << max(frames - 1, 1).bit_length()


def spectrum(sound: NDArray[Any], length: int | None = None, axis: int = -1) -> NDArray[Any]:
    """Return the spectrum of real ``sound``: complex64 of float32, complex128 of float64.

    :param length: a power of two; shorter sound is padded with zeros. Default: the length of the sound.
    :raises ValueError: for any other length.
    """
    length = _checked(sound.shape[axis] if length is None else length)
    return np.asarray(scipy.fft.rfft(sound, length, axis=axis))


def sound_of(spectrum: NDArray[Any], length: int, axis: int = -1) -> NDArray[Any]:
    """Return the real sound of ``length`` frames, a power of two, that has this spectrum.

    :raises ValueError: for any other length.
    """
    return np.asarray(scipy.fft.irfft(spectrum, _checked(length), axis=axis))


def _checked(length: int) -> int:
    if length < 1 or length & (length - 1):
        raise ValueError(f"a transform of {length} frames: allowed are powers of two, see transforms.length_for")
    return length
