"""The peak of a sound and the frames that reach a level, without copies of the sound.

The amplitude of a frame is the greatest magnitude over its channels. Whether a sample reaches a level is decided in
float64, whatever the type of the samples.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

BLOCK_FRAMES: Final = 1 << 12
"""Frames of a sound that are worked on at a time: intermediate results stay in the processor's cache."""


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
    """
    samples = one_of_equals(sound)
    for start in range(0, len(samples), BLOCK_FRAMES):
        reached = _reached(samples[start : start + BLOCK_FRAMES], level)
        place = int(reached.argmax())
        if reached[place]:
            return start + place // _channels(samples)
    return None


def last_reaching(sound: NDArray[Any], level: float) -> int | None:
    """Return the last frame whose amplitude is ``level`` or more; None if there is none.

    :param sound: shape (frames,) or (frames, channels), integers or floats.
    """
    samples = one_of_equals(sound)
    for stop in range(len(samples), 0, -BLOCK_FRAMES):
        reached = _reached(samples[max(0, stop - BLOCK_FRAMES) : stop], level)[::-1]
        place = int(reached.argmax())
        if reached[place]:
            return stop - 1 - place // _channels(samples)
    return None


def _reached(samples: NDArray[Any], level: float) -> NDArray[np.bool_]:
    """Return for each sample, frame by frame, whether its magnitude is ``level`` or more."""
    limit = np.float64(level)  # not a Python float, which would be rounded to the type of the samples
    return ((samples >= limit) | (samples <= -limit)).reshape(-1)


def _channels(samples: NDArray[Any]) -> int:
    return 1 if samples.ndim == 1 else samples.shape[1]
