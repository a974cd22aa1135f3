"""Read one-shot sample files of any rate, mono or stereo, as stereo floats at the bank's rate."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import soxr
from numpy.typing import NDArray

from stemgmd_tools.audio import read_audio
from stemgmd_tools.errors import AudioError, KitError
from stemgmd_tools.kits.bank.dc_offset import centred
from stemgmd_tools.kits.bank.shaping.envelopes import enveloped, looped
from stemgmd_tools.kits.bank.shaping.filters import filtered
from stemgmd_tools.kits.sample_map.envelope import Envelope
from stemgmd_tools.kits.sample_map.filter import Filter
from stemgmd_tools.numerics.amplitude import BLOCK_FRAMES, one_of_equals, peak
from stemgmd_tools.numerics.elementary import exp2
from stemgmd_tools.units import LOWEST_RATE

_SEMITONES_PER_OCTAVE: Final = 12
_PADDING_FRAMES: Final = 64
"""Silence inserted before resampling, so that the filter's pre-ringing at an abrupt attack is not cut."""

LONGEST_S: Final = 600.0
"""Limit far beyond any one-shot: the longest cymbals ring for half a minute."""
LONGEST_LOOP_FRAMES: Final = 28_800_000
"""Limit of a sound with a loop, which may be long although its file is small: :data:`LONGEST_S` at 48 kHz."""
MAX_PEAK: Final = 16.0
"""Largest peak (+24 dB): a float file above it was written for another full scale than 1.0, such as 32768."""

Stereo: TypeAlias = NDArray[np.floating[Any]]
"""Shape (frames, 2), full scale 1.0, of single or double precision: as read, and as computed. Both channels of a mono
sound may be the same memory, so it is not to be changed in place."""


class Treatment(NamedTuple):
    """Linear processing of a one-shot before it is stored in a bank; the order does not matter."""

    semitones: float = 0.0
    """Shift of pitch by resampling: a higher sound is also shorter."""
    left: float = 1.0
    """Amplitude ratio of the left channel."""
    right: float = 1.0

    def then(self, semitones: float, pan: float) -> Treatment:
        """Return this treatment followed by a shift and a balance of -1 (left) .. 1 (right)."""
        left, right = balance(pan)
        return Treatment(self.semitones + semitones, self.left * left, self.right * right)


@lru_cache(maxsize=256)
def pitch_ratio(semitones: float) -> float:
    """Return the ratio of frequencies that are so many semitones apart."""
    return exp2(semitones / _SEMITONES_PER_OCTAVE)


def balance(pan: float) -> tuple[float, float]:
    """Return the amplitude ratios of the left and the right channel for a balance of -1 (left) .. 1 (right)."""
    return min(1.0, 1.0 - pan), min(1.0, 1.0 + pan)


class Part(NamedTuple):
    """A part of a sample file at its level in the sound of a stroke."""

    path: Path
    channels: tuple[int, ...] = ()
    """One or two, counted from 1; empty: all, of which there may be two."""
    start_frame: int = 0
    end_frame: int | None = None
    left: float = 1.0
    """Amplitude ratio of the left channel."""
    right: float = 1.0
    speed: float = 1.0
    """How many times faster than recorded it is played, which raises its pitch."""
    lowpass: Filter | None = None
    highpass: Filter | None = None
    envelope: Envelope | None = None
    loop: tuple[int, int] | None = None
    """First frame of a part of the file that is repeated until the envelope is silent, and first frame after it."""


class Scaled(NamedTuple):
    """A sound as recorded, and its level in the sound of a stroke."""

    samples: NDArray[np.floating[Any]]
    """Shape (frames, 1 or 2)."""
    left: float
    """Amplitude ratio of the left channel."""
    right: float

    @property
    def stereo(self) -> Stereo:
        """The sound at its level."""
        shape = (len(self.samples), 2)
        if self.samples.shape[1] == 1 and self.left == self.right:  # one channel stands for both
            return np.broadcast_to(self.samples if self.left == 1.0 else self.samples * np.float64(self.left), shape)
        return balanced(np.broadcast_to(self.samples, shape), self.left, self.right)

    def add_to(self, total: Stereo) -> None:
        """Add the sound at its level to the beginning of ``total``."""
        for channel, ratio in enumerate((self.left, self.right)):
            samples = self.samples[:, min(channel, self.samples.shape[1] - 1)]
            for start in range(0, len(samples) if ratio else 0, BLOCK_FRAMES):
                block = samples[start : start + BLOCK_FRAMES]
                total[start : start + len(block), channel] += block * np.float64(ratio)


def read_parts(parts: Sequence[Part]) -> tuple[list[Scaled], int]:
    """Read the parts of the sound of a stroke, which start together but for the delays of their envelopes.

    The first part starts at once, whatever its delay: a sound has its attack where its note is.

    :param parts: each file is read once.
    :return: the parts, all at the pitch and the rate of the first, and its sample rate in Hz.
    :raises KitError: as :func:`read_one_shot`; also for a channel or a frame that a file does not have.
    """
    files = {part.path: _read_file(part.path) for part in parts}
    rates = [files[part.path][1] for part in parts]
    other = rates[0] * parts[0].speed
    delays_s = [0.0 if part.envelope is None else part.envelope.delay_s for part in parts]
    sounds = []
    for part, rate, delay_s in zip(parts, rates, delays_s, strict=True):
        silence = round((delay_s - min(delays_s)) * other)
        if silence > LONGEST_LOOP_FRAMES:
            raise KitError(f"{part.path}: its delay_s is {delay_s:g}, {silence:,} frames at its pitch; shorten it")
        samples = _in_step(_part(part, *files[part.path], other), rate * part.speed, other)
        samples = _after_silence(samples, silence)
        sounds.append(Scaled(samples, part.left, part.right))
    return sounds, rates[0]


def _in_step(samples: NDArray[np.floating[Any]], rate: float, other: float) -> NDArray[np.floating[Any]]:
    """Return a sound that is played at one rate for playing it at another; its start stays the start."""
    if rate == other:
        return samples
    padded = _after_silence(samples, _PADDING_FRAMES)
    resampled: NDArray[np.floating[Any]] = soxr.resample(padded, rate, other, quality="HQ")
    return resampled[round(_PADDING_FRAMES * other / rate) :]


def _after_silence(samples: NDArray[np.floating[Any]], frames: int) -> NDArray[np.floating[Any]]:
    """Return a sound after so many frames of silence."""
    return np.concatenate([np.zeros((frames, samples.shape[1]), samples.dtype), samples]) if frames else samples


def mixed(sounds: Sequence[Scaled]) -> Stereo:
    """Return the sum of sounds that start together, in their order."""
    if len(sounds) == 1:
        return sounds[0].stereo
    total = np.zeros((2, max(len(sound.samples) for sound in sounds))).T
    for sound in sounds:
        sound.add_to(total)
    return total


def read_one_shot(path: Path) -> tuple[Stereo, int]:
    """Read a sample file.

    :return: stereo samples, a mono file on both channels, and the file's rate in Hz.
    :raises KitError: if the file cannot be read or was cut short, has more than two channels, a rate below 8,000 Hz, a
        peak above :data:`MAX_PEAK`, or holds values that are not finite.
    """
    sounds, rate = read_parts([Part(path)])
    return np.array(sounds[0].stereo, np.float64), rate


def _read_file(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read all channels of a sample file."""
    try:
        samples, rate = read_audio(path, longest_s=LONGEST_S)
    except AudioError as error:
        raise KitError(str(error)) from error
    if rate < LOWEST_RATE:
        raise KitError(f"{path}: has a sample rate of {rate} Hz; {LOWEST_RATE} or more are needed, export it again")
    loudest = peak(samples)
    if not math.isfinite(loudest):
        raise KitError(f"{path}: holds values that are not finite numbers; export it again")
    if loudest > MAX_PEAK:
        raise KitError(
            f"{path}: peaks at {loudest:g} times full scale, at most {MAX_PEAK:g}; export it for full scale 1.0"
        )
    return samples, rate


def _part(part: Part, samples: NDArray[np.float32], rate: int, other: float) -> NDArray[np.floating[Any]]:
    """Return a part of a file, shape (frames, 1 or 2), at the file's rate.

    :param other: the rate to which it is resampled afterwards.
    """
    if not part.channels and samples.shape[1] > 2:
        raise KitError(f"{part.path}: has {samples.shape[1]} channels; mix it to mono or stereo, or name its channels")
    if part.channels and max(part.channels) > samples.shape[1]:
        raise KitError(f"{part.path}: has no channel {max(part.channels)}, only {samples.shape[1]}; correct the map")
    if part.start_frame >= len(samples):
        raise KitError(f"{part.path}: has {len(samples)} frames; start_frame {part.start_frame} lies behind its end")
    cut = _cut(part, samples, rate, other)
    if part.channels:
        cut = cut[:, [channel - 1 for channel in part.channels]]
    return _shaped(part, cut, rate * part.speed)


def _shaped(part: Part, cut: NDArray[np.floating[Any]], rate: float) -> NDArray[np.floating[Any]]:
    """Return a part after its filters and its envelope; unchanged without them.

    :param rate: frames in a second as it is played.
    """
    if part.envelope is None and part.lowpass is None and part.highpass is None:
        return cut
    # An offset would be taken for sound: it would fade with the envelope, and start a filter with a click.
    shaped: NDArray[np.float64] = np.asarray(centred(cut.astype(np.float64)).sound, np.float64)
    if part.lowpass is not None or part.highpass is not None:
        shaped = filtered(shaped, rate, part.lowpass, part.highpass)
    if part.envelope is not None:
        shaped = enveloped(shaped, part.envelope, rate)
    return shaped


def balanced(sound: Stereo, left: float, right: float) -> Stereo:
    """Return a sound with its channels at the given amplitude ratios; unchanged if both are 1."""
    if left == right == 1.0:
        return sound
    scaled = np.empty(sound.shape)
    np.multiply(sound[:, 0], left, out=scaled[:, 0], dtype=np.float64)
    np.multiply(sound[:, 1], right, out=scaled[:, 1], dtype=np.float64)
    return scaled


def _cut(part: Part, samples: NDArray[np.float32], rate: int, other: float) -> NDArray[np.float32]:
    """Return the frames of a part, its loop repeated until its envelope is silent."""
    if part.loop is None or part.envelope is None or part.envelope.silent_after_s is None:
        return samples[part.start_frame : part.end_frame]
    first, after = part.loop
    if after > len(samples):
        raise KitError(f"{part.path}: has {len(samples)} frames; its loop ends after {after}; correct the map")
    lasts_s = min(part.envelope.silent_after_s, LONGEST_S)
    frames = math.ceil(lasts_s * rate * part.speed)
    needed = max(frames, math.ceil(lasts_s * other))
    if needed > LONGEST_LOOP_FRAMES:
        raise KitError(
            f"{part.path}: its loop would be repeated for {lasts_s:g} s, {needed:,} frames at its pitch; at most "
            f"{LONGEST_LOOP_FRAMES:,} are allowed, shorten its envelope or lower its pitch"
        )
    return looped(samples[part.start_frame :], (first - part.start_frame, after - part.start_frame), frames)


def treated(sound: Stereo, rate: float, sample_rate: int, treatment: Treatment) -> Stereo:
    """Return a one-shot resampled to ``sample_rate`` with pitch and balance applied; unchanged if all are neutral."""
    source_rate = rate * pitch_ratio(treatment.semitones)
    if source_rate != sample_rate:
        sound = _resampled(sound, source_rate, sample_rate)
    return balanced(sound, treatment.left, treatment.right)


def _resampled(sound: Stereo, source_rate: float, sample_rate: int) -> Stereo:
    """Return a sound at another rate; soxr computes in single precision anyway."""
    samples = one_of_equals(sound)
    padded = _after_silence(samples, _PADDING_FRAMES)
    resampled = soxr.resample(padded, source_rate, sample_rate, quality="HQ")
    return np.broadcast_to(resampled, (len(resampled), 2))
