"""Reshaping one-shots: another pitch, another decay, the attack where it was. Pure functions on single sounds."""

from __future__ import annotations

from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import scipy.fft
import soxr
from numpy.typing import NDArray

from stemgmd_tools import units

Sound = NDArray[np.float32]
"""Shape (frames, 2)."""

_MOST_PADDING: Final = 512
"""Among this many lengths of silence before a sound there is one that puts its attack on a frame within 1/1000."""
_LEAST_PADDING: Final = 64
"""Room for the filter's ringing ahead of an abrupt attack."""
_RINGING_FRAMES: Final = 32
"""Frames kept of that room."""

RESHAPING_FRAMES: Final = 1024
"""At most so many frames longer than its pitch alone makes it, at either end, a reshaped sound is."""

BAND_EDGES_HZ: Final = (250.0, 1000.0, 4000.0)
"""Where a sound is parted to be damped: its treble dies earlier than its body."""
_CROSSOVER_OCTAVES: Final = 1.0
"""Width over which one band gives way to the next."""
_WRAP_S: Final = 0.05
"""Silence after a sound while it is parted, so that nothing wraps from its end to its start."""
_DEEPEST: Final = 1e-6
"""Share of a band's energy (-60 dB) below which what is left is floor rather than decay: its gain is held."""
_FADE_S: Final = 0.02
"""A sound made longer ends where its recording does; it is faded out there."""


class Shaped(NamedTuple):
    """A one-shot after reshaping."""

    sound: Sound
    onset: int
    """Frame of the attack."""


def repitched(shot: Shaped, cents: float) -> Shaped:
    """Return a one-shot resampled to another pitch: higher is shorter. Its attack lies on a whole frame again.

    The silence put before it is as long as makes the attack fall on a frame of the new grid; what is left to the next
    frame is below 1/1000 of one.
    """
    if cents == 0.0:
        return shot
    ratio = 2.0 ** (cents / units.CENTS_PER_OCTAVE)  # frames of the sound per frame of the result
    paddings = np.arange(_LEAST_PADDING, _LEAST_PADDING + _MOST_PADDING)
    attacks = (paddings + shot.onset) / ratio
    best = int(np.argmin(np.abs(attacks - np.rint(attacks))))
    padding, attack = int(paddings[best]), int(np.rint(attacks[best]))
    padded = np.concatenate([np.zeros((padding, shot.sound.shape[1]), np.float32), shot.sound])
    made: Sound = soxr.resample(padded, ratio, 1.0, quality="HQ")
    cut = min(max(int(padding / ratio) - _RINGING_FRAMES, 0), attack)
    return Shaped(made[cut:], attack - cut)


def damped(shot: Shaped, decay: float, sample_rate: int) -> Shaped:
    """Return a one-shot whose decay takes ``decay`` times as long, band by band; nothing changes up to its attack.

    In each band the energy left after time t becomes what was left after t / decay: gain(t) is the root of the ratio of
    the two points on the band's own energy decay curve (Schroeder 1965). An exponential decay becomes exactly the one
    with the scaled time constant.
    """
    if decay == 1.0 or len(shot.sound) <= shot.onset + 1:
        return shot
    total = np.zeros_like(shot.sound)
    for band in _bands(shot.sound, sample_rate):
        total += band * _decay_gain(band, shot.onset, decay)[:, None]
    if decay > 1.0:
        fade = min(units.frames_of(_FADE_S, sample_rate), len(total) - shot.onset - 1)
        total[len(total) - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)[:, None]
    return Shaped(total, shot.onset)


def _decay_gain(band: Sound, onset: int, decay: float) -> NDArray[np.float32]:
    """Return the gain of every frame."""
    energy = np.square(band[onset:], dtype=np.float64).sum(axis=1)
    left = np.cumsum(energy[::-1])[::-1]
    gain = np.ones(len(band), np.float32)
    if not left[0] > 0.0:
        return gain
    floor = _DEEPEST * left[0]
    time = np.arange(len(left), dtype=np.float64)
    audible = int(np.searchsorted(-left, -floor))  # frames before the curve reaches the floor
    log_left = np.log(np.maximum(left, floor))
    reached = np.interp(time / decay, time, log_left, right=float(log_left[-1]))
    shape = np.exp(0.5 * (reached - log_left))
    if decay < 1.0:  # past the floor's own scaled time the sound goes on fading as it did there
        last = min(int(audible * decay), len(shape)) - 1
        shape[last + 1 :] = _going_on(shape, last)
    elif audible < len(shape):
        shape[audible:] = shape[max(audible - 1, 0)]
    gain[onset:] = shape
    return gain


def _going_on(shape: NDArray[np.float64], last: int) -> NDArray[np.float64]:
    """Return the frames after ``last`` of a gain that keeps falling by the rate it had on average."""
    count = len(shape) - last - 1
    rate = np.log(max(float(shape[last]), 1e-12)) / max(last, 1)
    fallen: NDArray[np.float64] = shape[last] * np.exp(min(rate, 0.0) * np.arange(1, count + 1))
    return fallen


def _bands(sound: Sound, sample_rate: int) -> list[Sound]:
    """Part a sound into bands whose sum it is, without delay."""
    size = scipy.fft.next_fast_len(len(sound) + units.frames_of(_WRAP_S, sample_rate), real=True)
    spectrum = scipy.fft.rfft(sound, size, axis=0)
    masks = _masks(size, sample_rate)
    parts = [scipy.fft.irfft(spectrum * mask[:, None], size, axis=0)[: len(sound)] for mask in masks]
    return [*parts, sound - np.sum(parts, axis=0, dtype=np.float32)]


@lru_cache(maxsize=16)
def _masks(size: int, sample_rate: int) -> tuple[NDArray[np.float32], ...]:
    """Return the response of every band but the highest, which is what they leave."""
    frequency = scipy.fft.rfftfreq(size, 1.0 / sample_rate)
    octave = np.log2(np.maximum(frequency, 1e-3))
    below: list[NDArray[np.float64]] = []
    for edge in BAND_EDGES_HZ:
        place = np.clip((octave - np.log2(edge)) / _CROSSOVER_OCTAVES, -0.5, 0.5)
        below.append(0.5 - 0.5 * np.sin(np.pi * place))
    edges = [np.zeros_like(below[0]), *below]
    return tuple((high - low).astype(np.float32) for low, high in pairwise(edges))
