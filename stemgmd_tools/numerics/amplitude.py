"""The peak of a sound and the frames that reach a level, without copies of the sound.

The amplitude of a frame is the greatest magnitude over its channels. Levels are not rounded to the type of the samples.
"""

from __future__ import annotations

import math
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BLOCK_FRAMES: Final = 1 << 13
"""Frames of a sound that are worked on at a time: intermediate results stay in the processor's cache."""
_FIRST_BLOCK_FRAMES: Final = 1 << 9
"""Frames that are looked at first; most sounds begin and end at once."""


def one_of_equals(sound: NDArray[Any]) -> NDArray[Any]:
    """Return the first channel if all channels are the same memory, as in a broadcast mono sound; else the sound.

    :param sound: shape (frames,) or (frames, channels).
    :return: a view, shape (frames,) or (frames, 1 or channels).
    """
    return sound[:, :1] if sound.ndim == 2 and sound.shape[1] > 1 and sound.strides[1] == 0 else sound


def peak(sound: NDArray[Any]) -> float:
    """Return the greatest magnitude; 0 without samples, NaN if a sample is NaN.

    :param sound: integers or floats of any shape.
    """
    if not sound.size:
        return 0.0
    samples = one_of_equals(sound)
    return max(float(samples.max()), -float(samples.min()))


def first_reaching(sound: NDArray[Any], level: float) -> int | None:
    """Return the first frame whose amplitude is ``level`` or more; None if there is none.

    :param sound: shape (frames,) or (frames, channels), integers or floats.
    :param level: positive.
    """
    samples, limit = one_of_equals(sound), _limit(sound.dtype, level)
    start, frames = 0, _FIRST_BLOCK_FRAMES
    while start < len(samples):
        reached = _reached(samples[start : start + frames], limit)
        place = int(reached.argmax())
        if reached[place]:
            return start + place // _channels(samples)
        start, frames = start + frames, min(2 * frames, BLOCK_FRAMES)
    return None


def last_reaching(sound: NDArray[Any], level: float) -> int | None:
    """Return the last frame whose amplitude is ``level`` or more; None if there is none.

    :param sound: shape (frames,) or (frames, channels), integers or floats.
    :param level: positive.
    """
    samples, limit = one_of_equals(sound), _limit(sound.dtype, level)
    stop, frames = len(samples), _FIRST_BLOCK_FRAMES
    while stop > 0:
        reached = _reached(samples[max(0, stop - frames) : stop], limit)[::-1]
        place = int(reached.argmax())
        if reached[place]:
            return stop - 1 - place // _channels(samples)
        stop, frames = stop - frames, min(2 * frames, BLOCK_FRAMES)
    return None


def _limit(dtype: np.dtype[Any], level: float) -> Any:
    """Return the least number of a type that is ``level`` or more: comparing samples with it is exact, and quick."""
    if dtype.kind != "f":
        return math.ceil(level)
    limit = dtype.type(level)
    return limit if float(limit) >= level else np.nextafter(limit, dtype.type(np.inf))


def _reached(samples: NDArray[Any], limit: Any) -> NDArray[np.bool_]:
    """Return for each sample, frame by frame, whether its magnitude is ``limit`` or more."""
    reached: NDArray[np.bool_] = (samples >= limit) | (samples <= -limit)
    return reached.reshape(-1)


def _channels(samples: NDArray[Any]) -> int:
    return 1 if samples.ndim == 1 else samples.shape[1]
