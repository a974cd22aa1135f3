"""Pitch and time: shifted without time, stretched without pitch, or both as a tape does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.effects.resample import resample, resampled_frames, sizes_of
from stemgmd_tools.augment.effects.splice import Anchors, Scale, Splices, joined, planned, positions

Onsets = Sequence[np.ndarray]
"""For every line the frames of its onsets, rising."""


def pitch_shift(audio: Tensor, cents: Tensor, *, sample_rate: int, onsets: Onsets | None = None) -> Tensor:
    """Shift the pitch of every line; time is kept, and attacks stay on their frames.

    :param audio: (line, channel, frame) float32.
    :param cents: (line,), -2400..2400.
    :param onsets: frames of the strokes; without them attacks may move by about 12 ms.
    :return: the shape of ``audio``.
    """
    scale, frames = Scale.at(sample_rate), audio.shape[-1]
    sounds, anchors = [], []
    for index, amount in enumerate(cents.tolist()):
        sizes = sizes_of(2.0 ** (amount / 1200.0))
        sounds.append(resample(audio[index], sizes, scale.spare))
        at = _anchor_frames(None if onsets is None else onsets[index], frames, scale)
        source = at / sizes.ratio
        anchors.append(Anchors(at, source))
    return _spliced(sounds, anchors, [frames] * len(sounds), scale)


def time_stretch(
    audio: Tensor, factor: Tensor, *, sample_rate: int, onsets: Onsets | None = None
) -> tuple[Tensor, tuple[int, ...]]:
    """Make every line ``factor`` times as long; pitch is kept, and attacks stay whole, ``factor`` times as late.

    :param audio: (line, channel, frame) float32.
    :param factor: (line,), 0.25..4.
    :return: (line, channel, longest), silent after each line's end, and the lengths: ``round(frames * factor)``.
    """
    scale, frames = Scale.at(sample_rate), audio.shape[-1]
    sounds, anchors, lengths = [], [], []
    for index, amount in enumerate(factor.tolist()):
        length = stretched_frames(frames, amount)
        at = _anchor_frames(None if onsets is None else onsets[index], frames, scale)
        target = np.rint(at * (length / frames)).astype(np.int64)
        sounds.append(torch.nn.functional.pad(audio[index], (0, scale.spare)))
        anchors.append(Anchors(target, at.astype(np.float64)))
        lengths.append(length)
    return _spliced(sounds, anchors, lengths, scale), tuple(lengths)


def varispeed(audio: Tensor, speed: Tensor) -> tuple[Tensor, tuple[int, ...]]:
    """Play every line ``speed`` times as fast, as a tape does: pitch and time change alike.

    :param audio: (line, channel, frame) float32.
    :param speed: (line,), 0.25..4.
    :return: (line, channel, longest), silent after each line's end, and the lengths: ``round(frames / speed)``.
    """
    frames = audio.shape[-1]
    lengths = [stretched_frames(frames, 1 / amount) for amount in speed.tolist()]
    out = audio.new_zeros(*audio.shape[:2], max(lengths))
    for index, (amount, length) in enumerate(zip(speed.tolist(), lengths, strict=True)):
        sizes = sizes_of(amount)
        out[index, :, :length] = resample(audio[index], sizes, max(0, length - resampled_frames(frames, sizes)))[:, :length]
    return out, tuple(lengths)


def stretched_frames(frames: int, factor: float) -> int:
    """Return the length of a line that is made ``factor`` times as long: at least one sample."""
    return max(1, round(frames * factor))


def _anchor_frames(onsets: np.ndarray | None, frames: int, scale: Scale) -> np.ndarray:
    """Return 0, the onsets that are far enough apart to restart at, and the end."""
    inner = np.empty(0, np.int64) if onsets is None else np.asarray(onsets, np.int64)
    inner = inner[(inner > scale.lead) & (inner < frames)]
    apart = np.diff(inner, prepend=0) > 2 * scale.lead
    return np.concatenate([[0], inner[apart], [frames]])


def _spliced(sounds: list[Tensor], anchors: list[Anchors], lengths: list[int], scale: Scale) -> Tensor:
    mono = sounds[0].new_zeros(len(sounds), max(sound.shape[1] for sound in sounds))
    for row, sound in zip(mono, sounds, strict=True):
        torch.add(sound[0], sound[-1], out=row[: sound.shape[1]])
    splices = planned(anchors, scale)
    chosen, alike = positions(mono, splices, scale)
    places = chosen.cpu().numpy()
    out = sounds[0].new_zeros(len(sounds), sounds[0].shape[0], max(lengths))
    for index, (sound, length) in enumerate(zip(sounds, lengths, strict=True)):
        rows = slice(*np.searchsorted(splices.line, [index, index + 1]))
        own = Splices(*(column[rows] for column in splices))
        out[index, :, :length] = joined(sound, own, places[rows], alike[rows], length)
    return out
