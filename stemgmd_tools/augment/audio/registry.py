"""Registry of the functions of all audio effects.

Names and parameters are those of the catalogue; a test checks that both tables contain the same effects.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.effects import dynamics, filters, levels, loudness, noise, pitch, rooms
from stemgmd_tools.augment.audio.signal.lti import Response
from stemgmd_tools.augment.audio.signal.resample import sizes_of
from stemgmd_tools.augment.chain.declarations.types import Value
from stemgmd_tools.errors import AugmentError

Parameters: TypeAlias = Mapping[str, Value]
ImpulseResponses: TypeAlias = Mapping[str, Tensor]
"""By name: (1 or channel, frame), at the sample rate of the sound."""


@dataclass(frozen=True, slots=True)
class Lines:
    """Lines that one effect is applied to, with the parameters of each line."""

    audio: Tensor
    """(line, channel, frame) float32; an effect that keeps the length may return it overwritten."""
    parameters: Sequence[Parameters]
    sample_rate: int
    onsets: Sequence[np.ndarray] | None = None
    """Frames of the strokes of each line."""

    def real(self, name: str) -> Tensor:
        """Return a parameter's values, float64 on the CPU."""
        return torch.tensor([float(values[name]) for values in self.parameters], dtype=torch.float64)

    def integer(self, name: str) -> Tensor:
        """Return a parameter's values, int64 on the CPU."""
        return torch.tensor([int(values[name]) for values in self.parameters])

    def text(self, name: str) -> tuple[str, ...]:
        """Return a parameter's values as texts."""
        return tuple(str(values[name]) for values in self.parameters)


class Timed(NamedTuple):
    """Lines after a change of time."""

    audio: Tensor
    """(line, channel, longest); silent after each line's end."""
    frames: tuple[int, ...]
    factors: tuple[float, ...]
    """Factor on the frames of each line."""


@dataclass(frozen=True, slots=True)
class Place:
    """Channels, sampling rate and impulse responses for computing responses."""

    channels: int
    sample_rate: int
    impulse_responses: ImpulseResponses


def _time_stretch(lines: Lines) -> Timed:
    rate, cents = lines.real("rate"), lines.real("cents")
    audio, frames = pitch.time_stretch(lines.audio, rate, cents, sample_rate=lines.sample_rate, onsets=lines.onsets)
    return Timed(audio, frames, tuple(length / lines.audio.shape[-1] for length in frames))


def _repitch(lines: Lines) -> Timed:
    """Stretch the lines with changed speed or pitch; cut all at the end of the fastest song."""
    rate, cents, fastest = lines.real("rate"), lines.real("cents"), lines.real("fastest")
    before = lines.audio.shape[-1]
    frames = tuple(pitch.changed_frames(before, speed) for speed in fastest.tolist())
    out = lines.audio.new_zeros(*lines.audio.shape[:2], max(frames)) if len(frames) > 1 else None
    factors = []
    for index, length in enumerate(frames):
        line, stretched = lines.audio[index : index + 1], before
        if rate[index] != 1 or cents[index] != 0:
            onsets = None if lines.onsets is None else [lines.onsets[index]]
            span = slice(index, index + 1)
            line, (stretched,) = pitch.time_stretch(
                line, rate[span], cents[span], sample_rate=lines.sample_rate, onsets=onsets
            )
        factors.append(stretched / before)
        if out is None:  # one line, perhaps of half an hour: no copy
            return Timed(line[..., :length], frames, tuple(factors))
        out[index, :, :length] = line[0, :, :length]
    return Timed(lines.audio if out is None else out, frames, tuple(factors))


def _varispeed(lines: Lines) -> Timed:
    rate = lines.real("rate")
    audio, frames = pitch.varispeed(lines.audio, rate)
    return Timed(audio, frames, tuple(1 / sizes_of(speed).ratio for speed in rate.tolist()))


def _compressor(lines: Lines) -> Tensor:
    names = ("threshold_db", "ratio", "attack_ms", "release_ms", "knee_db", "makeup_db")
    return dynamics.compressor(lines.audio, *map(lines.real, names), sample_rate=lines.sample_rate, out=lines.audio)


def _limiter(lines: Lines) -> Tensor:
    names = ("threshold_db", "lookahead_ms", "release_ms")
    return dynamics.limiter(lines.audio, *map(lines.real, names), sample_rate=lines.sample_rate, out=lines.audio)


def _transient_shaper(lines: Lines) -> Tensor:
    attack_db, sustain_db = lines.real("attack_db"), lines.real("sustain_db")
    audio = lines.audio
    return dynamics.transient_shaper(audio, attack_db, sustain_db, sample_rate=lines.sample_rate, out=audio)


def _noise_floor(lines: Lines) -> Tensor:
    level, colour, seed = lines.real("level_dbfs"), lines.text("colour"), lines.integer("seed")
    return noise.noise_floor(lines.audio, level, colour, seed, sample_rate=lines.sample_rate, out=lines.audio)


def _pitch_shift(lines: Lines) -> Tensor:
    audio, cents = lines.audio, lines.real("cents")
    return pitch.pitch_shift(audio, cents, sample_rate=lines.sample_rate, onsets=lines.onsets, out=audio)


LINE_EFFECTS: Final[Mapping[str, Callable[[Lines], Tensor]]] = {
    "gain": lambda lines: levels.gain(lines.audio, lines.real("gain_db"), lines.audio),
    "scale": lambda lines: levels.scale(lines.audio, lines.real("factor"), lines.audio),
    "loudness_normalization": lambda lines: loudness.loudness_normalization(
        lines.audio, lines.real("lufs"), sample_rate=lines.sample_rate, out=lines.audio
    ),
    "polarity_inversion": lambda lines: levels.polarity_inversion(lines.audio, lines.audio),
    "channel_swap": lambda lines: levels.channel_swap(lines.audio, lines.audio),
    "stereo_width": lambda lines: levels.stereo_width(lines.audio, lines.real("width"), lines.audio),
    "saturation": lambda lines: levels.saturation(lines.audio, lines.real("drive"), lines.audio),
    "pitch_shift": _pitch_shift,
    "compressor": _compressor,
    "limiter": _limiter,
    "transient_shaper": _transient_shaper,
    "noise_floor": _noise_floor,
    "sample_rate_reduction": lambda lines: levels.sample_rate_reduction(
        lines.audio, lines.real("rate_hz"), sample_rate=lines.sample_rate
    ),
    "bit_crush": lambda lines: levels.bit_crush(lines.audio, lines.integer("bits"), lines.audio),
}
"""Effects that keep the length of a line."""

TIME_FUNCTIONS: Final[Mapping[str, Callable[[Lines], Timed]]] = {
    "time_stretch": _time_stretch,
    "repitch": _repitch,
    "varispeed": _varispeed,
}
"""Effects that change the length of a line."""


def _room(parameters: Parameters, place: Place) -> Response:
    decay_s, predelay_ms, damping_hz, wet_db = (
        float(parameters[name]) for name in ("decay_s", "predelay_ms", "damping_hz", "wet_db")
    )
    taps = rooms.room(decay_s, predelay_ms, damping_hz, int(parameters["seed"]), place.channels, place.sample_rate)
    return rooms.reverberation(taps, wet_db)


def _convolution(parameters: Parameters, place: Place) -> Response:
    taps = find_impulse_response(str(parameters["impulse_response"]), place.impulse_responses)
    if taps.shape[0] not in (1, place.channels):
        raise AugmentError(
            f'impulse response "{parameters["impulse_response"]}": {taps.shape[0]} channels; '
            f"the sound has {place.channels}, so give 1 or {place.channels}"
        )
    return rooms.reverberation(rooms.unit_energy(taps), float(parameters["wet_db"]))


def find_impulse_response(name: str, impulse_responses: ImpulseResponses) -> Tensor:
    """Return an impulse response by name.

    :raises AugmentError: if there is none of that name.
    """
    if name not in impulse_responses:
        names = ", ".join(impulse_responses) or "none"
        raise AugmentError(f'no impulse response "{name}"; available: {names}; pass it in impulse_responses')
    return impulse_responses[name]


_Band: TypeAlias = Callable[[float, float, float, int], Response]
_Corner: TypeAlias = Callable[[float, int, int], Response]


def _band(response: _Band) -> Callable[[Parameters, Place], Response]:
    return lambda values, place: response(
        float(values["frequency_hz"]), float(values["gain_db"]), float(values["q"]), place.sample_rate
    )


def _corner(response: _Corner) -> Callable[[Parameters, Place], Response]:
    return lambda values, place: response(float(values["frequency_hz"]), int(values["order"]), place.sample_rate)


RESPONSES: Final[Mapping[str, Callable[[Parameters, Place], Response]]] = {
    "low_pass_filter": _corner(filters.low_pass_filter),
    "high_pass_filter": _corner(filters.high_pass_filter),
    "peaking_filter": _band(filters.peaking_filter),
    "low_shelf_filter": _band(filters.low_shelf_filter),
    "high_shelf_filter": _band(filters.high_shelf_filter),
    "room_reverb": _room,
    "convolution": _convolution,
}
"""Linear, time-invariant effects: several in a row are one pass."""
