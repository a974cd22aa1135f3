"""Time stretch with preserved attacks: grains of a resampled sound, joined where they are alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.signal.attacks import detect_attacks
from stemgmd_tools.augment.audio.signal.resample import resample, sizes_of
from stemgmd_tools.augment.audio.signal.wsola import Anchors, Scale, Splices, join, plan_splices, positions
from stemgmd_tools.numerics import elementary

Onsets = Sequence[np.ndarray]
"""For every line the frames of its onsets, ascending."""


class Timed(NamedTuple):
    """Lines after a change of time."""

    audio: Tensor
    """(line, channel, longest); silent after each line's end."""
    frames: tuple[int, ...]
    factors: tuple[float, ...]
    """Factor on the frames of each line."""


def stretched(
    audio: Tensor,
    rate: Tensor,
    cents: Tensor,
    *,
    sample_rate: int,
    onsets: Onsets | None = None,
    out: Tensor | None = None,
) -> tuple[Tensor, tuple[int, ...]]:
    """Play every line ``rate`` times as fast; attacks are preserved and lie on their new frames.

    :param audio: (line, channel, frame) float32.
    :param rate: (line,), 0.25..4.
    :param cents: (line,), -2400..2400; 0 keeps the pitch.
    :param onsets: frames of the strokes; by default those that :func:`detect_attacks` finds.
    :param out: where the result goes, as long as it is; a new tensor if omitted.
    :return: (line, channel, longest), silent after each line's end, and the lengths: ``round(frames / rate)``.
    """
    scale, frames = Scale.at(sample_rate), audio.shape[-1]
    lengths = [changed_frames(frames, speed) for speed in rate.tolist()]
    out = audio.new_empty(*audio.shape[:2], max(lengths)) if out is None else out
    audible = ((audio.amax((1, 2)) > 0) | (audio.amin((1, 2)) < 0)).cpu().numpy()
    sounds, anchors = [], []
    for index in np.flatnonzero(audible).tolist():
        sizes = sizes_of(elementary.exp2(float(cents[index]) / 1200.0))
        sounds.append(resample(audio[index], sizes, scale.spare))
        strokes = detect_attacks(audio[index], sample_rate) if onsets is None else onsets[index]
        anchors.append(_anchors(strokes, frames, lengths[index], sizes.ratio, scale))
    if sounds:
        _splice(sounds, anchors, [out[i, :, : lengths[i]] for i in np.flatnonzero(audible).tolist()], scale)
    for line, length, is_audible in zip(out, lengths, audible.tolist(), strict=True):
        line[:, length if is_audible else 0 :] = 0
    return out, tuple(lengths)


def changed_frames(frames: int, rate: float) -> int:
    """Return the length of a line that is played ``rate`` times as fast: at least one sample."""
    return max(1, round(frames / rate))


def _anchors(onsets: np.ndarray, frames: int, length: int, ratio: float, scale: Scale) -> Anchors:
    """Return anchors at the beginning, the onsets and the end.

    An onset too close after another gets no anchor.
    """
    inner = np.asarray(onsets, np.int64)
    restarts, last = [0], (0.0, 0.0)
    for frame in inner[(inner > 0) & (inner < frames)].tolist():
        place = frame * length / frames, frame / ratio
        if min(place[0] - last[0], place[1] - last[1]) > 2 * scale.lead:
            restarts.append(frame)
            last = place
    at = np.array([*restarts, frames])
    return Anchors(np.rint(at * (length / frames)).astype(np.int64), at / ratio, 1 / ratio)


def _splice(sounds: list[Tensor], anchors: list[Anchors], goals: list[Tensor], scale: Scale) -> None:
    """Write each sound, joined from its grains, to its goal (channel, frame)."""
    splices = plan_splices(anchors, scale)
    chosen, alike = positions(_mono(sounds), splices, scale)
    places = chosen.cpu().numpy()
    for index, (sound, goal) in enumerate(zip(sounds, goals, strict=True)):
        rows = slice(*np.searchsorted(splices.line, [index, index + 1]))
        line_splices = Splices(*(column[rows] for column in splices))
        join(sound, line_splices, places[rows], alike[rows], goal)


def _mono(sounds: list[Tensor]) -> Tensor:
    """Return the sums of the channels, (line, longest), silent after each line's end."""
    mono = sounds[0].new_empty(len(sounds), max(sound.shape[1] for sound in sounds))
    for row, sound in zip(mono, sounds, strict=True):
        torch.add(sound[0], sound[-1], out=row[: sound.shape[1]])
        row[sound.shape[1] :] = 0
    return mono
