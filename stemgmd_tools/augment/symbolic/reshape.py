"""Change pitch and decay of one-shots, keeping the attack in place."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import soxr
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.numerics import elementary, products, transforms

Sound = NDArray[np.float32]
"""Shape (frames, 2)."""

_MOST_PADDING: Final = 512
"""Number of candidate paddings before a sound, of which one puts its attack within 1/1000 of a frame."""
_LEAST_PADDING: Final = 64
"""Room for the filter's ringing ahead of an abrupt attack."""
_RINGING_FRAMES: Final = 32
"""Frames of that padding that are kept."""

RESHAPING_FRAMES: Final = 1024
"""Maximum frames that reshaping adds at either end, beyond the change of length by pitch."""

BAND_EDGES_HZ: Final = (250.0, 1000.0, 4000.0)
"""Band edges for damping: the treble of a drum decays faster than its body."""
_CROSSOVER_OCTAVES: Final = 1.0
"""Width of the crossover between two bands."""
_WRAP_S: Final = 0.05
"""Silence after a sound while it is split, so that its end does not wrap to its start."""
_DEEPEST: Final = 1e-5
"""Share of a band's energy (-50 dB) below which the rest is noise floor, not decay."""
_LOG_DEEPEST: Final = elementary.log(_DEEPEST)
_ROUNDS: Final = 6
"""Iterations of the gain of a band: on modelled kits the median error is then below 2 %."""
_MOST_AT_ONCE: Final = 1.0
"""Maximum change of the logarithm of a gain per iteration after the first, 4 dB, against oscillation."""
_SETTLING: Final = 16
"""Iterations of the common gain of all bands, of which the best is kept."""
_SETTLING_STEP: Final = 0.7
"""Share of the error that each of these iterations corrects, against oscillation."""
_MOST_SETTLED: Final = 2.0
"""Maximum change of the logarithm of energy by the common gain: 9 dB."""
_JUDGED: Final = elementary.log(10.0) * np.array([0.5, 1.0, 1.5, 2.0, 2.5])
"""Levels that rate an iteration: 5, 10, 15, 20 and 25 dB below the start (natural logarithms)."""
_HOP: Final = 64
"""Frames between two points of an energy decay curve: 1.5 ms, in which no band of a drum decays by a decibel."""
_DOUBLINGS: Final = (1, 2, 4, 8, 16, 32)
"""Widths of the steps that fill a hop by doubling."""
_FADE_S: Final = 0.02
"""Fade at the new end of a damped sound."""


class Shaped(NamedTuple):
    """A one-shot after reshaping."""

    sound: Sound
    onset: int
    """Frame of the attack."""


def repitch(shot: Shaped, cents: float) -> Shaped:
    """Return a one-shot resampled to another pitch (higher is shorter), with its attack on a whole frame.

    The sound is padded with silence so that its attack falls within 1/1000 of a frame of the new grid.
    """
    if cents == 0.0:
        return shot
    ratio = elementary.exp2(cents / units.CENTS_PER_OCTAVE)  # frames of the sound per frame of the result
    paddings = np.arange(_LEAST_PADDING, _LEAST_PADDING + _MOST_PADDING)
    attacks = (paddings + shot.onset) / ratio
    best = int(np.argmin(np.abs(attacks - np.rint(attacks))))
    padding, attack = int(paddings[best]), int(np.rint(attacks[best]))
    padded = np.concatenate([np.zeros((padding, shot.sound.shape[1]), np.float32), shot.sound])
    resampled: Sound = soxr.resample(padded, ratio, 1.0, quality="HQ")
    cut = min(max(int(padding / ratio) - _RINGING_FRAMES, 0), attack)
    return Shaped(resampled[cut:], attack - cut)


def damp(shot: Shaped, decay: float, sample_rate: int) -> Shaped:
    """Return a one-shot with its decay time multiplied by ``decay``, band by band; it is unchanged up to its attack.

    The energy decay curve (Schroeder 1965) of each band, then of the whole sound, is stretched in time: the share of
    energy left after time t becomes the share that was left after t / decay. An exponential decay gets the scaled time
    constant. No sound becomes longer than before.
    """
    after = len(shot.sound) - shot.onset
    if decay == 1.0 or after <= 1:
        return shot
    length = shot.onset + min(after, math.ceil(after * decay))
    total = np.zeros((shot.sound.shape[1], length), np.float32)
    for band in _bands(shot.sound, sample_rate):
        gain = _decay_gain(band[:, shot.onset :], decay)[: length - shot.onset]
        total[:, : shot.onset] += band[:, : shot.onset]
        total[:, shot.onset :] += band[:, shot.onset : length] * gain
    total[:, shot.onset :] *= _settled_gain(shot.sound.T[:, shot.onset :], total[:, shot.onset :], decay)
    fade = min(units.frames_of(_FADE_S, sample_rate), length - shot.onset - 1)
    if fade > 0:
        total[:, length - fade :] *= np.linspace(1.0, 0.0, fade, dtype=np.float32)
    return Shaped(np.ascontiguousarray(total.T), shot.onset)


def _decay_gain(band: NDArray[np.float32], decay: float) -> NDArray[np.float32]:
    """Return the gain of every frame of a band, shape (channels, frames), from its attack on.

    The curve is computed every :data:`_HOP` frames and interpolated linearly in decibels.
    """
    energy = _energy(band)
    if not energy.any():
        return np.ones(band.shape[1], np.float32)
    return _drawn_out(_log_power_gain(energy, decay), band.shape[1])


def _settled_gain(before: NDArray[np.float32], after: NDArray[np.float32], decay: float) -> NDArray[np.float32]:
    """Return the common gain of all bands with which the curve of the whole sound is stretched too.

    It is needed because bands that begin with a click keep its energy, so that the sum of the bands does not decay like
    each of them.

    :param before: the sound from its attack on, (channels, frames).
    :param after: the sum of its damped bands.
    """
    energy, original = _energy(after), _energy(before)
    if not energy.any() or not original.any():
        return np.ones(after.shape[1], np.float32)
    log_remaining = _log_remaining(original)
    target = np.interp(np.arange(len(energy)) / decay, np.arange(len(log_remaining)), log_remaining)
    goal = np.searchsorted(-target, _JUDGED)
    audible = max(int(np.searchsorted(-target, -_LOG_DEEPEST)), 2)
    gain, best, least = np.zeros(len(energy)), np.zeros(len(energy)), math.inf
    for _ in range(_SETTLING):
        current = _log_remaining(energy * elementary.exp(gain))
        worst = float(np.abs(np.searchsorted(-current, _JUDGED) - goal).max())
        if worst < least:
            best, least = gain, worst
        gain = gain + _SETTLING_STEP * np.clip(target - current, -_MOST_AT_ONCE, _MOST_AT_ONCE)
        gain[audible:] = gain[min(audible, len(gain) - 1)]
        gain = np.clip(gain, -_MOST_SETTLED, _MOST_SETTLED)
    return _drawn_out(best, after.shape[1])


def _energy(sound: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return the energy of every hop of a sound (channels, frames), followed by 0."""
    frames = sound.shape[1]
    squares = np.zeros((len(sound), -(-frames // _HOP) * _HOP), np.float32)
    np.square(sound, out=squares[:, :frames])
    of_channels = np.add.reduce(squares.reshape(len(sound), -1, _HOP), axis=2)
    return np.append(np.add.reduce(of_channels, axis=0, dtype=np.float64), 0.0)


def _drawn_out(log_power_gain: NDArray[np.float64], frames: int) -> NDArray[np.float32]:
    """Return the amplitude gain of every frame, interpolated linearly in decibels between the hops."""
    log_gain = 0.5 * log_power_gain
    ratio = elementary.exp(np.diff(log_gain) / _HOP)[:, None]
    gain = np.empty((len(ratio), _HOP))
    gain[:, 0] = elementary.exp(log_gain[:-1])
    for width in _DOUBLINGS:
        np.multiply(gain[:, :width], ratio, out=gain[:, width : 2 * width])
        ratio = ratio * ratio
    return gain.reshape(-1)[:frames].astype(np.float32)


def _log_power_gain(energy: NDArray[np.float64], decay: float) -> NDArray[np.float64]:
    """Return the logarithm of the gain of energy, per hop, that stretches an energy decay curve by ``decay`` in time.

    For an exponential decay, the gain is the ratio of the stretched curve to the curve. Otherwise (two slopes, beating
    modes) the error of the resulting curve is added to the gain in several iterations. A shorter decay never raises the
    gain above 1, a longer one never lowers it below 1.
    """
    log_remaining = _log_remaining(energy)
    hop = np.arange(len(energy), dtype=np.float64)
    target = np.interp(hop / decay, hop, log_remaining)
    audible = int(np.searchsorted(-log_remaining, -_LOG_DEEPEST))  # hops before the curve reaches its floor
    last = max(min(int(audible * min(decay, 1.0)), len(hop)) - 1, 1)
    steepest = _LOG_DEEPEST * (1.0 / decay - 1.0)  # what an exponential decay needs at its floor
    gain = np.zeros(len(energy))
    for _ in range(_ROUNDS):
        wrong = target - _log_remaining(energy * elementary.exp(gain))
        gain += np.clip(wrong, -_MOST_AT_ONCE, _MOST_AT_ONCE) if gain.any() else wrong
        gain = np.minimum(gain, 0.0) if decay < 1.0 else np.clip(gain, 0.0, steepest)
        # Beyond the floor a shorter sound goes on fading as it did on average until there, a longer one keeps its gain.
        gain[last:] = gain[last] * hop[last:] / last if decay < 1.0 else gain[last]
    return gain


def _log_remaining(energy: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the logarithm of the share of energy remaining from each hop on, down to the floor."""
    remaining = np.cumsum(energy[::-1])[::-1]
    share = remaining / remaining[0]
    log_remaining = np.full(len(share), _LOG_DEEPEST)
    above = int(np.searchsorted(-share, -_DEEPEST))
    log_remaining[:above] = elementary.log(share[:above])
    return log_remaining


def _bands(sound: Sound, sample_rate: int) -> Iterator[NDArray[np.float32]]:
    """Split a sound into bands of shape (channels, frames), without delay, whose sum is the sound."""
    lines = np.ascontiguousarray(sound.T)
    frames = len(sound)
    size = transforms.length_for(frames + units.frames_of(_WRAP_S, sample_rate))
    spectrum = transforms.spectrum(lines, size)
    for mask in _masks(size, sample_rate):
        part = transforms.sound_of(products.scaled(spectrum, mask), size)[:, :frames]
        lines -= part
        yield part
    yield lines


@lru_cache(maxsize=16)
def _masks(size: int, sample_rate: int) -> tuple[NDArray[np.float32], ...]:
    """Return the responses of all bands but the highest, which is the remainder."""
    frequency = np.arange(size // 2 + 1) * (sample_rate / size)
    octave = elementary.log2(np.maximum(frequency, 1e-3))
    below: list[NDArray[np.float64]] = []
    for edge in BAND_EDGES_HZ:
        place = np.clip((octave - elementary.log2(edge)) / _CROSSOVER_OCTAVES, -0.5, 0.5)
        below.append(0.5 - 0.5 * elementary.sin(np.pi * place))
    edges = [np.zeros_like(below[0]), *below]
    return tuple((high - low).astype(np.float32) for low, high in pairwise(edges))
