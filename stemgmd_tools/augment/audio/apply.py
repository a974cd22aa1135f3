"""Apply rows to batches of stems and return augmented stems and their mixture, on any device.

Steps are applied in the chain's order. Linear, time-invariant steps are deferred until another effect needs the line,
so that consecutive ones cost one pass. Every line is computed at its item's length, so that the result does not depend
on the rest of the batch.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.executor import Stage, Touch, apply_gain_of
from stemgmd_tools.augment.audio.impulse_responses import ImpulseResponses
from stemgmd_tools.augment.audio.mixture import StemParts, finish, require_names, summed
from stemgmd_tools.augment.audio.steps import Step, needs_all_stems, steps_on_sound, touched
from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.effect import Effect, GainEffect
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row
from stemgmd_tools.errors import AugmentError
from stemgmd_tools.runtime.quantities import counted

OnsetFrames = Sequence[Sequence[np.ndarray]]
"""For every item and stem the frames of its strokes, ascending."""


class Warp(NamedTuple):
    """Changes of time of a line: factors, in order of application."""

    factors: tuple[float, ...] = ()

    def frames(self, frames: np.ndarray) -> np.ndarray:
        """Return the warped frames (int64), rounded after every factor like the sound."""
        moved = np.asarray(frames, np.int64)
        for factor in self.factors:
            moved = np.rint(moved * factor).astype(np.int64)
        return moved


class Applied(NamedTuple):
    """An augmented batch."""

    stems: Tensor
    """(item, stem, channel, frame) float32, silent after each item's end."""
    mixture: Tensor
    """(item, channel, frame): the sum of the stems after the rows of scope ``mixture``."""
    frames: tuple[int, ...]
    """Length of each item."""
    warps: tuple[tuple[Warp, ...], ...]
    """Warp for the labels of each item and stem; labels beyond the item's length are to be dropped."""


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

    :param rows: rows of each item; those of the performance and kit domains are ignored.
    :param stems: (item, stem, channel, frame) float32, one or two channels.
    :param names: names of the stems, required by bleed.
    :param onsets: frames of the strokes, whose attacks pitch and time effects preserve; default: detected attacks.
    :param frames: length of each item, followed by silence; default: the full length.
    :param impulse_responses: impulse response by name, (1 or channel, frame).
    :param overwrite: compute in place in ``stems``, which saves a copy.
    :raises AugmentError: for sound that is not finite, shapes that do not match, and rows that cannot be applied.
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


def _touches(effect: Effect, step: Step, stage: Stage, count: int, sample_rate: int) -> tuple[Effect, list[Touch]]:
    """Return the effect of a step with the lines it applies to and their parameters."""
    if needs_all_stems(effect, step):
        gains = (touch for item, row in step for touch in _common_gain(effect, item, row, stage, count, sample_rate))
        return find_effect("gain"), list(gains)
    return effect, [
        Touch(item * count + stem, parameters) for item, row in step for stem, parameters in touched(row, range(count))
    ]


def _common_gain(effect: GainEffect, item: int, row: Row, stage: Stage, count: int, sample_rate: int) -> list[Touch]:
    """Return the gain for the sum of all stems, or for one stem; one that changes with time is applied at once."""
    lines = range(item * count, (item + 1) * count) if row.stem == ALL_STEMS else [item * count + row.stem]
    stage.settle(lines)
    frames = stage.frames[lines[0]]
    sound = summed(stage.audio[lines[0] : lines[-1] + 1, :, :frames][None])[0]
    gain_db = effect.call(sound, values=effect.values(row.parameters), sample_rate=sample_rate)
    if isinstance(gain_db, Tensor):
        for line in lines:
            apply_gain_of(stage.audio[line, :, :frames], gain_db)
        return []
    return [Touch(line, {"gain_db": gain_db}) for line in lines]


def _check(rows: Sequence[Sequence[Row]], stems: Tensor, frames: Sequence[int], onsets: OnsetFrames | None) -> None:
    """Check the arguments of :func:`apply`.

    :raises AugmentError: if one is invalid.
    """
    if stems.ndim != 4 or stems.dtype != torch.float32 or not 1 <= stems.shape[2] <= 2 or not stems.numel():
        raise AugmentError(
            f"stems: {tuple(stems.shape)} {stems.dtype}; give float32 (item, stem, channel, frame), 1 or 2 channels"
        )
    for name, values in (("rows", rows), ("frames", frames), ("onsets", onsets)):
        if values is not None and len(values) != len(stems):
            raise AugmentError(f"{name}: {len(values)} items; the batch has {len(stems)}; give one entry per item")
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
    """Check that rows and onsets refer to existing stems.

    :raises AugmentError: if one does not.
    """
    for item, item_onsets in enumerate(onsets or ()):
        if len(item_onsets) != count:
            raise AugmentError(f"onsets: item {item} has {counted(len(item_onsets), 'stem')}; the batch has {count}")
    for row in (row for item_rows in rows for row in item_rows):
        if row.stem != ALL_STEMS and not 0 <= row.stem < count:
            raise AugmentError(f"{row.example}, step {row.step + 1}: stem is {row.stem}; allowed: 0..{count - 1}")
