"""Reshaping one-shots: another pitch, another decay, the attack where it was. Pure functions on single sounds."""

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
_DEEPEST: Final = 1e-5
"""Share of a band's energy (-50 dB) below which what is left is floor rather than decay."""
_LOG_DEEPEST: Final = elementary.log(_DEEPEST)
_ROUNDS: Final = 6
"""Rounds in which a gain comes to what the curve needs: on modelled kits the median error is then below 2 %."""
_MOST_AT_ONCE: Final = 1.0
"""Most that a round after the first changes the logarithm of a gain, 4 dB: it never swings."""
_SETTLING: Final = 16
"""Rounds in which the gain of all bands together comes to what the whole sound's curve needs; the best is kept."""
_SETTLING_STEP: Final = 0.7
"""Share of what lacks that one of these rounds adds: all of it would swing."""
_MOST_SETTLED: Final = 2.0
"""Most that this gain changes the logarithm of energy: 9 dB."""
_JUDGED: Final = elementary.log(10.0) * np.array([0.5, 1.0, 1.5, 2.0, 2.5])
"""A round is judged by when the curve reaches 5, 10, 15, 20 and 25 dB below its start (natural logarithms)."""
_HOP: Final = 64
"""Frames between two points of an energy decay curve: 1.5 ms, in which no band of a drum decays by a decibel."""
_DOUBLINGS: Final = (1, 2, 4, 8, 16, 32)
"""Numbers of frames, from the first of a hop on, each doubled by the next step up to all of it."""
_FADE_S: Final = 0.02
"""Fade at the new end of a damped sound."""


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
    ratio = elementary.exp2(cents / units.CENTS_PER_OCTAVE)  # frames of the sound per frame of the result
    paddings = np.arange(_LEAST_PADDING, _LEAST_PADDING + _MOST_PADDING)
    attacks = (paddings + shot.onset) / ratio
    best = int(np.argmin(np.abs(attacks - np.rint(attacks))))
    padding, attack = int(paddings[best]), int(np.rint(attacks[best]))
    padded = np.concatenate([np.zeros((padding, shot.sound.shape[1]), np.float32), shot.sound])
    resampled: Sound = soxr.resample(padded, ratio, 1.0, quality="HQ")
    cut = min(max(int(padding / ratio) - _RINGING_FRAMES, 0), attack)
    return Shaped(resampled[cut:], attack - cut)


def damped(shot: Shaped, decay: float, sample_rate: int) -> Shaped:
    """Return a one-shot whose decay takes ``decay`` times as long, band by band; nothing changes up to its attack.

    In each band the share of energy left after time t becomes what was left after t / decay: the band's energy decay
    curve (Schroeder 1965) is stretched in time, then that of the whole sound. An exponential decay becomes the one with
    the scaled time constant. No sound becomes longer, so one that stops while it rings cannot ring on.
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

    The curve is taken every :data:`_HOP` frames and followed in a straight line of decibels between.
    """
    energy = _energy(band)
    if not energy.any():
        return np.ones(band.shape[1], np.float32)
    return _drawn_out(_log_power_gain(energy, decay), band.shape[1])


def _settled_gain(before: NDArray[np.float32], after: NDArray[np.float32], decay: float) -> NDArray[np.float32]:
    """Return the gain that all bands still need together, so that the whole sound's curve is stretched too.

    Bands that begin with a click keep its energy, others lose or gain all of theirs alike: their sum would decay
    otherwise than each of them.

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
    """Return the energy of every hop of a sound (channels, frames), and the nothing that follows."""
    frames = sound.shape[1]
    squares = np.zeros((len(sound), -(-frames // _HOP) * _HOP), np.float32)
    np.square(sound, out=squares[:, :frames])
    of_channels = np.add.reduce(squares.reshape(len(sound), -1, _HOP), axis=2)
    return np.append(np.add.reduce(of_channels, axis=0, dtype=np.float64), 0.0)


def _drawn_out(log_power_gain: NDArray[np.float64], frames: int) -> NDArray[np.float32]:
    """Return the amplitude gain of every frame: straight lines of decibels through those of the hops."""
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

    The ratio of the stretched curve to the curve is that gain where the decay is exponential. Elsewhere (two slopes,
    beating modes) the curve it leads to is compared with the one that is wanted, and what lacks is added, some times.
    A shorter decay never raises anything, a longer one never lowers it.
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
    """Return the logarithm of the energy that is left from each hop on, as a share of all, down to the floor."""
    remaining = np.cumsum(energy[::-1])[::-1]
    share = remaining / remaining[0]
    log_remaining = np.full(len(share), _LOG_DEEPEST)
    above = int(np.searchsorted(-share, -_DEEPEST))
    log_remaining[:above] = elementary.log(share[:above])
    return log_remaining


def _bands(sound: Sound, sample_rate: int) -> Iterator[NDArray[np.float32]]:
    """Part a sound into bands whose sum it is, without delay, each of shape (channels, frames)."""
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
    """Return the response of every band but the highest, which is what they leave."""
    frequency = np.arange(size // 2 + 1) * (sample_rate / size)
    octave = elementary.log2(np.maximum(frequency, 1e-3))
    below: list[NDArray[np.float64]] = []
    for edge in BAND_EDGES_HZ:
        place = np.clip((octave - elementary.log2(edge)) / _CROSSOVER_OCTAVES, -0.5, 0.5)
        below.append(0.5 - 0.5 * elementary.sin(np.pi * place))
    edges = [np.zeros_like(below[0]), *below]
    return tuple((high - low).astype(np.float32) for low, high in pairwise(edges))
