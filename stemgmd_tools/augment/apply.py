"""Carry rows out: batches of stems in, augmented stems and their mixture out, on any device.

Steps go in the chain's order. Linear, time-invariant steps wait until something else touches the line, so that
neighbours cost one pass. Every line is computed at its own item's length, so that the result does not depend on what
else is in the batch.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.board import BOARD_EFFECTS, board_effect
from stemgmd_tools.augment.catalogue import Domain, effect_named
from stemgmd_tools.augment.effects.bleed import Settings, bleed
from stemgmd_tools.augment.effects.loudness import loudness
from stemgmd_tools.augment.effects.noise import SEEDS_APART
from stemgmd_tools.augment.effects.registry import ImpulseResponses, Parameters, impulse_response_named
from stemgmd_tools.augment.effects.stage import Stage, Touch
from stemgmd_tools.augment.rows import ALL_STEMS, Row
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
    known = impulse_responses or {}
    count = stems.shape[1]
    lines = (stems if overwrite else stems.clone()).flatten(0, 1)
    each = None if onsets is None else [frames for item in onsets for frames in item]
    stage = Stage(lines, [n for n in lengths for _ in range(count)], each, sample_rate, known)
    for effect, step in _steps(rows, mixture=False):
        stage.carry_out(*_touches(effect, step, stage, count, sample_rate))
    stage.settle()
    stage.cut()
    augmented = stage.audio.view(-1, count, *stage.audio.shape[1:])
    lengths = stage.frames[::count]
    mixture = _mixed(rows, augmented, lengths, names, sample_rate, known)
    warps = [tuple(map(Warp, stage.factors[first : first + count])) for first in range(0, len(lines), count)]
    return Applied(augmented, mixture, tuple(lengths), tuple(warps))


def summed(stems: Tensor) -> Tensor:
    """Return the mixture of stems (item, stem, channel, frame): their sum, in their order."""
    mixture = stems[:, 0].clone()
    for stem in range(1, stems.shape[1]):
        mixture += stems[:, stem]
    return mixture


_Step = list[tuple[int, Row]]
"""Rows of one step and effect, each with its item."""


def _steps(rows: Sequence[Sequence[Row]], *, mixture: bool) -> Iterator[tuple[str, _Step]]:
    """Yield the steps on sound in order, each with the rows of all items."""
    wanted = [
        (item, row)
        for item, own in enumerate(rows)
        for row in own
        if (row.scope == "mixture") == mixture and effect_named(row.effect).domain in (Domain.AUDIO, Domain.MIX)
    ]

    def place(entry: tuple[int, Row]) -> tuple[int, str]:
        return entry[1].step, entry[1].effect

    for (_, effect), step in groupby(sorted(wanted, key=place), key=place):
        yield effect, list(step)


def _touches(effect: str, step: _Step, stage: Stage, count: int, sample_rate: int) -> tuple[str, list[Touch]]:
    """Return which lines a step touches, and with what."""
    if effect == "loudness_normalization" and any(row.stem == ALL_STEMS for _, row in step):
        return "gain", [touch for item, row in step for touch in _one_gain(item, row, stage, count, sample_rate)]
    return effect, [
        Touch(item * count + stem, _of_stem(row, stem))
        for item, row in step
        for stem in (range(count) if row.stem == ALL_STEMS else (row.stem,))
    ]


def _of_stem(row: Row, stem: int) -> Parameters:
    """Return a row's parameters for one stem: noise that all stems get alike would add up in the mixture."""
    if row.stem != ALL_STEMS or row.effect != "noise_floor":
        return row.parameters
    return {**row.parameters, "seed": (int(row.parameters["seed"]) + SEEDS_APART * stem) % (1 << 31)}


def _one_gain(item: int, row: Row, stage: Stage, count: int, sample_rate: int) -> list[Touch]:
    """Return the one gain for all stems that brings their sum to a loudness, or a stem's own."""
    lines = range(item * count, (item + 1) * count) if row.stem == ALL_STEMS else [item * count + row.stem]
    stage.settle(lines)
    sound = summed(stage.audio[lines[0] : lines[-1] + 1, :, : stage.frames[lines[0]]][None])[0]
    measured = loudness(sound, sample_rate)
    if math.isinf(measured):
        return []
    return [Touch(line, {"gain_db": float(row.parameters["lufs"]) - measured}) for line in lines]


def _mixed(
    rows: Sequence[Sequence[Row]],
    stems: Tensor,
    lengths: Sequence[int],
    names: Sequence[str],
    sample_rate: int,
    known: ImpulseResponses,
) -> Tensor:
    """Return the mixtures: the sums, then the rows of scope ``mixture``."""
    stage = Stage(summed(stems), lengths, None, sample_rate, known)
    for effect, step in _steps(rows, mixture=True):
        if effect != "bleed" and effect not in BOARD_EFFECTS:
            stage.carry_out(effect, [Touch(item, row.parameters) for item, row in step])
            continue
        stage.settle([item for item, _ in step])
        for item, row in step:
            sound = stage.audio[item, :, : lengths[item]]
            if effect == "bleed":
                sound += _bleed(stems[item, :, :, : lengths[item]], names, row.parameters, sample_rate)
            else:
                sound.copy_(_board(effect, sound, row.parameters, sample_rate, known))
    stage.settle()
    return stage.audio


def _bleed(stems: Tensor, names: Sequence[str], parameters: Parameters, sample_rate: int) -> Tensor:
    if len(names) != len(stems):
        raise AugmentError(f"bleed: {len(stems)} stems and {len(names)} names; give apply the names of the stems")
    values = {name: float(parameters[name]) for name in Settings._fields if name != "seed"}
    return bleed(stems, names, Settings(**values, seed=int(parameters["seed"])), sample_rate=sample_rate)


def _board(effect: str, sound: Tensor, parameters: Parameters, sample_rate: int, known: ImpulseResponses) -> Tensor:
    taps = None
    if "impulse_response" in parameters:
        taps = impulse_response_named(str(parameters["impulse_response"]), known).cpu().numpy()
    audio = sound.cpu().numpy()
    out = board_effect(effect, audio, parameters, sample_rate=sample_rate, impulse_response=taps)
    return torch.from_numpy(out)


def _check(rows: Sequence[Sequence[Row]], stems: Tensor, frames: Sequence[int], onsets: OnsetFrames | None) -> None:
    """Refuse what cannot be computed.

    :raises AugmentError: with what was found.
    """
    if stems.ndim != 4 or stems.dtype != torch.float32 or not 1 <= stems.shape[2] <= 2 or not stems.numel():
        raise AugmentError(
            f"stems: {tuple(stems.shape)} {stems.dtype}; give float32 (item, stem, channel, frame), 1 or 2 channels"
        )
    for what, given in (("rows", rows), ("frames", frames), ("onsets", onsets)):
        if given is not None and len(given) != len(stems):
            raise AugmentError(f"{what}: for {len(given)} items; there are {len(stems)}")
    if not all(1 <= length <= stems.shape[-1] for length in frames):
        raise AugmentError(f"frames: {min(frames)}..{max(frames)}; allowed are 1..{stems.shape[-1]}")
    if not math.isfinite(float(stems.sum())):
        bad = [tuple(place) for place in (~stems.isfinite()).flatten(2).any(2).nonzero().tolist()]
        if bad:
            raise AugmentError(
                f"stems: not finite (NaN or infinity) in item {bad[0][0]}, stem {bad[0][1]}; mend the input"
            )
