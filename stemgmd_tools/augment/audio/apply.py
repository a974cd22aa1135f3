"""Carry rows out: batches of stems in, augmented stems and their mixture out, on any device.

Steps go in the chain's order. Linear, time-invariant steps wait until something else touches the line, so that
neighbours cost one pass. Every line is computed at its own item's length, so that the result does not depend on what
else is in the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.effects.bleed import StemParts
from stemgmd_tools.augment.audio.effects.loudness import loudness
from stemgmd_tools.augment.audio.executor import Stage, Touch
from stemgmd_tools.augment.audio.mixture import finish, require_names, summed
from stemgmd_tools.augment.audio.registry import ImpulseResponses
from stemgmd_tools.augment.audio.steps import Step, needs_all_stems, steps_on_sound, touched
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row
from stemgmd_tools.errors import AugmentError

OnsetFrames = Sequence[Sequence[np.ndarray]]
"""For every item and stem the frames of its strokes, rising."""


class Warp(NamedTuple):
    """Where the frames of an item have gone: one factor after the other."""

    factors: tuple[float, ...] = ()

    def frames(self, frames: np.ndarray) -> np.ndarray:
        """Return where frames lie afterwards (int64), rounded after every factor as the sound is."""
        moved = np.asarray(frames, np.int64)
        for factor in self.factors:
            moved = np.rint(moved * factor).astype(np.int64)
        return moved


class Applied(NamedTuple):
    """An augmented batch."""

    stems: Tensor
    """(item, stem, channel, frame) float32, silent after each item's end."""
    mixture: Tensor
    """(item, channel, frame): the sum of the stems, then the mixture's own rows."""
    frames: tuple[int, ...]
    """Length of each item."""
    warps: tuple[tuple[Warp, ...], ...]
    """Where the labels of each item and stem have gone; those beyond the item's length are heard no more."""


def apply(
    rows: Sequence[Sequence[Row]],
    stems: Tensor,
    *,
    sample_rate: int,
    names: Sequence[str] = (),
    onsets: OnsetFrames | None = None,
    frames: Sequence[int] | None = None,
    impulse_responses: ImpulseResponses | None = None,
    overwrite: bool = False,
) -> Applied:
    """Return the augmented batch.

    :param rows: for every item its rows; those of the performance and kit domains are taken as carried out.
    :param stems: (item, stem, channel, frame) float32, one or two channels.
    :param names: of the stems, which bleed has to know.
    :param onsets: the strokes, at which pitch and time effects keep attacks whole; default: what is heard as one.
    :param frames: length of each item, what follows is silent; default: all of it.
    :param impulse_responses: by the names that rows use: (1 or channel, frame).
    :param overwrite: compute in ``stems`` itself, which saves a copy of them.
    :raises AugmentError: for sound that is not finite, shapes that do not fit, and rows that cannot be carried out.
    """
    lengths = [stems.shape[-1]] * stems.shape[0] if frames is None else list(frames)
    _check(rows, stems, lengths, onsets)
    require_names(rows, names, stems.shape[1])
    responses = impulse_responses or {}
    count = stems.shape[1]
    lines = (stems if overwrite else stems.clone()).flatten(0, 1)
    each = None if onsets is None else [frames for item in onsets for frames in item]
    stage = Stage(lines, [n for n in lengths for _ in range(count)], each, sample_rate, responses)
    for effect, step in steps_on_sound(rows, mixture=False):
        stage.carry_out(*_touches(effect, step, stage, count, sample_rate))
    stage.settle()
    stage.cut()
    augmented = stage.audio.view(-1, count, *stage.audio.shape[1:])
    lengths = stage.frames[::count]
    mixture = finish(
        rows, summed(augmented), lengths, lambda item: _parts(augmented[item]), names, sample_rate, responses
    )
    warps = [tuple(map(Warp, stage.factors[first : first + count])) for first in range(0, len(lines), count)]
    return Applied(augmented, mixture, tuple(lengths), tuple(warps))


def _parts(stems: Tensor) -> StemParts:
    return lambda start, stop: stems[:, :, start:stop]


def _touches(effect: str, step: Step, stage: Stage, count: int, sample_rate: int) -> tuple[str, list[Touch]]:
    """Return which lines a step touches, and with what."""
    if needs_all_stems(effect, step):
        return "gain", [touch for item, row in step for touch in _common_gain(item, row, stage, count, sample_rate)]
    return effect, [
        Touch(item * count + stem, parameters) for item, row in step for stem, parameters in touched(row, range(count))
    ]


def _common_gain(item: int, row: Row, stage: Stage, count: int, sample_rate: int) -> list[Touch]:
    """Return the one gain for all stems that brings their sum to a loudness, or a stem's own."""
    lines = range(item * count, (item + 1) * count) if row.stem == ALL_STEMS else [item * count + row.stem]
    stage.settle(lines)
    sound = summed(stage.audio[lines[0] : lines[-1] + 1, :, : stage.frames[lines[0]]][None])[0]
    measured = loudness(sound, sample_rate)
    if math.isinf(measured):
        return []
    return [Touch(line, {"gain_db": float(row.parameters["lufs"]) - measured}) for line in lines]


def _check(rows: Sequence[Sequence[Row]], stems: Tensor, frames: Sequence[int], onsets: OnsetFrames | None) -> None:
    """Refuse what cannot be computed.

    :raises AugmentError: with what was found.
    """
    if stems.ndim != 4 or stems.dtype != torch.float32 or not 1 <= stems.shape[2] <= 2 or not stems.numel():
        raise AugmentError(
            f"stems: {tuple(stems.shape)} {stems.dtype}; give float32 (item, stem, channel, frame), 1 or 2 channels"
        )
    for name, values in (("rows", rows), ("frames", frames), ("onsets", onsets)):
        if values is not None and len(values) != len(stems):
            raise AugmentError(f"{name}: for {len(values)} items; there are {len(stems)}")
    _check_stems(rows, onsets, stems.shape[1])
    if not all(1 <= length <= stems.shape[-1] for length in frames):
        raise AugmentError(f"frames: {min(frames)}..{max(frames)}; allowed are 1..{stems.shape[-1]}")
    if not all(math.isfinite(float(edge)) for edge in torch.aminmax(stems)):
        bad = [tuple(place) for place in (~stems.isfinite()).flatten(2).any(2).nonzero().tolist()]
        if bad:
            raise AugmentError(
                f"stems: not finite (NaN or infinity) in item {bad[0][0]}, stem {bad[0][1]}; mend the input"
            )


def _check_stems(rows: Sequence[Sequence[Row]], onsets: OnsetFrames | None, count: int) -> None:
    """Refuse rows and onsets of other stems than there are.

    :raises AugmentError: with what was found.
    """
    for item, item_onsets in enumerate(onsets or ()):
        if len(item_onsets) != count:
            raise AugmentError(f"onsets: item {item} has those of {len(item_onsets)} stems; there are {count}")
    for row in (row for item_rows in rows for row in item_rows):
        if row.stem != ALL_STEMS and not 0 <= row.stem < count:
            raise AugmentError(f"{row.example}, step {row.step + 1}: stem {row.stem}; there are {count}, from 0")
