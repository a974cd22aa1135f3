"""Pitch shift, time stretch and varispeed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from stemgmd_tools.augment.chain.effect import (
    EXAMPLE,
    SONG,
    STEMS,
    AudioEffect,
    Kind,
    Law,
    Parameter,
    TimeEffect,
    rate,
)

if TYPE_CHECKING:
    from torch import Tensor

    from stemgmd_tools.augment.audio.signal.stretch import Timed

Onsets: TypeAlias = Sequence[np.ndarray] | None
"""For every line the frames of its strokes, ascending; None to detect them."""


def pitch_shift(audio: Tensor, *, cents: Tensor, sample_rate: int, onsets: Onsets) -> Tensor:
    """Shift the pitch of every line without changing time; attacks stay on their frames."""
    import torch

    from stemgmd_tools.augment.audio.signal.stretch import stretched

    same = torch.ones_like(cents)
    return stretched(audio, same, cents, sample_rate=sample_rate, onsets=onsets, out=audio)[0]


def time_stretch(audio: Tensor, *, rate: Tensor, cents: Tensor, sample_rate: int, onsets: Onsets) -> Timed:
    """Play every line ``rate`` times as fast; attacks are preserved and lie on their new frames."""
    from stemgmd_tools.augment.audio.signal.stretch import Timed, stretched

    out, frames = stretched(audio, rate, cents, sample_rate=sample_rate, onsets=onsets)
    return Timed(out, frames, tuple(length / audio.shape[-1] for length in frames))


def repitch(audio: Tensor, *, rate: Tensor, cents: Tensor, fastest: Tensor, sample_rate: int, onsets: Onsets) -> Timed:
    """Stretch the lines with changed speed or pitch; cut all at the end of the fastest song."""
    from stemgmd_tools.augment.audio.signal.stretch import Timed, changed_frames, stretched

    before = audio.shape[-1]
    frames = tuple(changed_frames(before, speed) for speed in fastest.tolist())
    out = audio.new_zeros(*audio.shape[:2], max(frames)) if len(frames) > 1 else None
    factors = []
    for index, length in enumerate(frames):
        line, stretched_frames = audio[index : index + 1], before
        if rate[index] != 1 or cents[index] != 0:
            strokes = None if onsets is None else [onsets[index]]
            span = slice(index, index + 1)
            line, (stretched_frames,) = stretched(
                line, rate[span], cents[span], sample_rate=sample_rate, onsets=strokes
            )
        factors.append(stretched_frames / before)
        if out is None:  # one line, perhaps of half an hour: no copy
            return Timed(line[..., :length], frames, tuple(factors))
        out[index, :, :length] = line[0, :, :length]
    return Timed(audio if out is None else out, frames, tuple(factors))


def varispeed(audio: Tensor, *, rate: Tensor) -> Timed:
    """Play every line ``rate`` times as fast, like a tape, so that pitch and time change together."""
    from stemgmd_tools.augment.audio.signal.resample import resample, resampled_frames, sizes_of
    from stemgmd_tools.augment.audio.signal.stretch import Timed, changed_frames

    before = audio.shape[-1]
    frames = tuple(changed_frames(before, speed) for speed in rate.tolist())
    sizes = [sizes_of(speed) for speed in rate.tolist()]
    out = audio.new_zeros(*audio.shape[:2], max(frames))
    for line, sound, size, length in zip(out, audio, sizes, frames, strict=True):
        line[:, :length] = resample(sound, size, max(0, length - resampled_frames(before, size)))[:, :length]
    return Timed(out, frames, tuple(1 / size.ratio for size in sizes))


def _cents(default: float | None = None) -> Parameter:
    return Parameter("cents", "pitch", "cents", -2400.0, 2400.0, default, typical=210.0)


EFFECTS: Final = (
    AudioEffect(
        "pitch_shift",
        "Shifts the pitch; onsets and length are unchanged.",
        pitch_shift,
        (_cents(),),
        STEMS,
        source="audiomentations PitchShift",
        law=Law.FOLLOWS_LEVEL,
        shares_steps=True,
    ),
    TimeEffect(
        "time_stretch",
        "Changes the speed; the pitch is kept or shifted independently.",
        time_stretch,
        (rate("speed"), _cents(0.0)),
        EXAMPLE,
        changes_time=True,
        reshapes_attacks=True,
        source="audiomentations TimeStretch",
        law=Law.FOLLOWS_LEVEL,
        shares_steps=True,
    ),
    TimeEffect(
        "repitch",
        "Changes speed and pitch of each song of the stems; all stems end with the fastest song.",
        repitch,
        (
            rate("speed"),
            _cents(0.0),
            Parameter("fastest", "greatest speed among the songs, at least 1", kind=Kind.FASTEST),
        ),
        SONG,
        changes_time=True,
        reshapes_attacks=True,
        source="RepitchedWrapper of Demucs (demucs/repitch.py)",
        law=Law.FOLLOWS_LEVEL,
    ),
    TimeEffect(
        "varispeed",
        "Changes the speed like a tape, pitch included.",
        varispeed,
        (rate("speed"),),
        EXAMPLE,
        changes_time=True,
        reshapes_attacks=True,
        law=Law.LINEAR,
    ),
)
