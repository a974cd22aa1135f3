"""Apply amplitude envelopes and loops to recorded sounds."""

from __future__ import annotations

import math
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.kits.sample_map.envelope import SILENCE_DB, Envelope
from stemgmd_tools.numerics.amplitude import BLOCK_FRAMES
from stemgmd_tools.numerics.elementary import exp, exp10, log

ATTACK_RATIO: Final = 0.038515
DECAY_RATIO: Final = 0.044796
"""What is left of the way when an exponential attack or decay ends; the rest is stretched to reach the end (Hydrogen 2,
``src/core/Basics/Adsr.cpp``)."""


def enveloped(sound: NDArray[np.float64], envelope: Envelope, rate: float) -> NDArray[np.float64]:
    """Return a sound at the level of its envelope.

    :param sound: shape (frames, channels).
    :param rate: frames in a second as the sound is played.
    """
    shaped = np.empty_like(sound)
    for start in range(0, len(sound), BLOCK_FRAMES):
        block = sound[start : start + BLOCK_FRAMES]
        gain = envelope_gain(envelope, len(block), rate, start)
        np.multiply(block, gain[:, None], out=shaped[start : start + len(block)])
    return shaped


def envelope_gain(envelope: Envelope, frames: int, rate: float, start: int = 0) -> NDArray[np.float64]:
    """Return the amplitude ratio of each frame, counted from the end of the delay.

    :param rate: frames in a second as the sound is played.
    :param start: the first frame.
    :return: shape (frames,), 0..1.
    """
    time = np.arange(start, start + frames) / rate
    fallen = np.clip(_share(time - envelope.attack_s - envelope.hold_s, envelope.decay_s), 0.0, None)
    risen = np.clip(_share(time, envelope.attack_s), 0.0, 1.0)
    return (
        _exponential(envelope, risen, fallen) if envelope.curve == "exponential" else _linear(envelope, risen, fallen)
    )


def _share(time: NDArray[np.float64], length_s: float) -> NDArray[np.float64]:
    """Return time as a share of a stage; a stage without length is over at once."""
    return time / length_s if length_s > 0 else np.where(time >= 0.0, np.inf, -np.inf)


def _linear(envelope: Envelope, risen: NDArray[np.float64], fallen: NDArray[np.float64]) -> NDArray[np.float64]:
    level_db = np.maximum(SILENCE_DB * np.minimum(fallen, 1.0), envelope.sustain_db)
    gain: NDArray[np.float64] = risen * exp10(level_db / 20.0)
    gain[level_db <= SILENCE_DB] = 0.0
    return gain


def _exponential(envelope: Envelope, risen: NDArray[np.float64], fallen: NDArray[np.float64]) -> NDArray[np.float64]:
    sustain = exp10(envelope.sustain_db / 20.0) if envelope.sustain_db > SILENCE_DB else 0.0
    rise = (1.0 - exp(risen * log(ATTACK_RATIO))) / (1.0 - ATTACK_RATIO)
    fall = (exp(np.minimum(fallen, 1.0) * log(DECAY_RATIO)) - DECAY_RATIO) / (1.0 - DECAY_RATIO)
    gain: NDArray[np.float64] = rise * (sustain + (1.0 - sustain) * fall)
    return gain


def looped(sound: NDArray[np.float32], loop: tuple[int, int], frames: int) -> NDArray[np.float32]:
    """Return a sound that plays its loop until it has so many frames.

    :param sound: shape (frames, channels).
    :param loop: first frame of the loop, and first frame after it.
    """
    first, after = loop
    if frames <= after:
        return sound[:frames]
    times = math.ceil((frames - after) / (after - first))
    return np.concatenate([sound[:after], *[sound[first:after]] * times])[:frames]
