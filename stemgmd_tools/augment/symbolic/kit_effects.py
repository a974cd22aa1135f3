"""The kit domain: which performance and kit is heard in each stem, and how single strokes are reshaped."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Example, Row
from stemgmd_tools.augment.symbolic.reshape import RESHAPING_FRAMES, Shaped, damped, repitched
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.compile import quantised
from stemgmd_tools.numerics import elementary
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.plan import Plan
from stemgmd_tools.seeds import stream

STROKE_EFFECTS: Final = ("tuning", "stroke_pitch", "damping")
"""Effects that need the strokes themselves: no file of a stem holds them apart."""
SOURCE_EFFECTS: Final = ("kit_swap", "doubling", "random_mix", "remix", "time_shift")
"""Effects that choose what is heard."""


class StemPart(NamedTuple):
    """A part of what is heard in a stem."""

    performance: str
    kit: str
    start: int
    """Frame of the performance at which the segment starts; may be negative: silence comes first."""
    weight: float


def layers(example: Example, rows: Sequence[Row], sample_rate: int) -> tuple[tuple[StemPart, ...], ...]:
    """Return what is heard in each stem once the rows are carried out; rows of other domains are passed over.

    The first layer of a stem is what it is made of, the others double it; weights add up to 1. At another tempo the
    segment starts at the same moment of the music.
    """
    rate = math.prod(float(row.parameters["rate"]) for row in rows if row.effect == "tempo")
    unchanged: tuple[StemPart, ...] = (StemPart(example.performance, example.kit, round(example.start / rate), 1.0),)
    stems = [unchanged] * len(example.stems)
    for row in rows:
        if row.effect in SOURCE_EFFECTS:
            for stem in stems_of(row, example):
                stems[stem] = _changed_layers(stems[stem], row, sample_rate)
    return tuple(stems)


def stems_of(row: Row, example: Example) -> Sequence[int]:
    """Return the stems a row acts on."""
    return range(len(example.stems)) if row.stem == ALL_STEMS else (row.stem,)


def _changed_layers(before: tuple[StemPart, ...], row: Row, sample_rate: int) -> tuple[StemPart, ...]:
    parameters = row.parameters
    if row.effect == "time_shift":
        later = units.frames_of(float(parameters["shift_s"]), sample_rate)
        return tuple(layer._replace(start=layer.start - later) for layer in before)
    kit = str(parameters["kit"])
    if row.effect == "kit_swap":
        return (before[0]._replace(kit=kit, weight=1.0),)
    if row.effect == "doubling":
        halved = tuple(layer._replace(weight=0.5 * layer.weight) for layer in before)
        return (*halved, before[0]._replace(kit=kit, weight=0.5))
    start = units.frames_of(float(parameters["start_s"]), sample_rate)
    return (StemPart(str(parameters["performance"]), kit, start, 1.0),)


class StrokeShapes(NamedTuple):
    """How every stroke of a plan is reshaped."""

    cents: NDArray[np.float64]
    decay: NDArray[np.float64]


def stroke_shapes(plan: Plan, rows: Sequence[Row]) -> StrokeShapes:
    """Return pitch and decay of every stroke of a plan; several rows add their cents and multiply their decays.

    Pieces deviate by their number, strokes by the number of their hit: the same in every kit.
    """
    strikes = plan.strikes
    cents, decay = np.zeros(len(strikes)), np.ones(len(strikes))
    for row in rows:
        if row.effect == "damping":
            decay *= float(row.parameters["decay"])
        elif row.effect in STROKE_EFFECTS:
            rng = stream(int(row.parameters["seed"]), row.effect)
            per_piece = row.effect == "tuning"
            deviations = rng.uniform(-1.0, 1.0, len(PIECES) if per_piece else _hits(plan))
            numbers = strikes["piece"] if per_piece else strikes["hit"]
            spread = float(row.parameters["spread_cents"])
            cents += float(row.parameters["cents"]) + (deviations[numbers] * spread if spread else 0.0)
    return StrokeShapes(cents, decay)


def longer(cents: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how much longer sounds become that are resampled to another pitch."""
    return elementary.exp2(-cents / units.CENTS_PER_OCTAVE)


def _hits(plan: Plan) -> int:
    return int(plan.strikes["hit"].max(initial=-1)) + 1


def reshape_strokes(plan: Plan, bank: Bank, shapes: StrokeShapes) -> tuple[Plan, Bank]:
    """Return a plan whose strokes play reshaped one-shots, and the bank that holds those and no others.

    Frames of the attacks, gains and chokes stay as they were decided.
    """
    strikes = plan.strikes.copy()
    samples: list[NDArray[np.void]] = []
    pcm: list[NDArray[np.int16]] = []
    index_of_key: dict[tuple[int, float, float], int] = {}
    start = 0
    for index, key in enumerate(zip(strikes["sample"].tolist(), *(column.tolist() for column in shapes), strict=True)):
        if key not in index_of_key:
            row, sound = _reshaped_shot(bank, *key)
            row["start"] = start
            start += len(sound)
            index_of_key[key] = len(samples)
            samples.append(row)
            pcm.append(sound.reshape(-1))
        new = index_of_key[key]
        strikes["gain"][index] *= samples[new]["scale"] / bank.samples["scale"][key[0]]  # powers of two: exact
        strikes["sample"][index] = new
    table = np.array(samples, bank.samples.dtype)
    sounds = np.concatenate(pcm) if pcm else np.empty(0, np.int16)
    reshaped = replace(bank, pcm=sounds, samples=table, guard=None)
    return replace(plan, strikes=strikes), reshaped


def reshaped_frames(plan: Plan, bank: Bank, shapes: StrokeShapes) -> int:
    """Return about how many frames the one-shots have that :func:`reshape_strokes` makes; at most so many."""
    keys = np.unique(np.stack([plan.strikes["sample"].astype(np.float64), *shapes]), axis=1)
    frames = bank.samples["frames"][keys[0].astype(np.int64)]
    return int(np.ceil(frames * longer(keys[1])).sum())


def _reshaped_shot(bank: Bank, sample: int, cents: float, decay: float) -> tuple[NDArray[np.void], NDArray[np.int16]]:
    """Return the row and the PCM of one reshaped one-shot; one that stays as it is keeps its very samples."""
    row = bank.samples[sample].copy()
    pcm = bank.one_shot(sample)
    if cents != 0.0 or decay != 1.0:
        scale = float(row["scale"])
        shot = Shaped(pcm.astype(np.float32) * np.float32(scale), int(row["onset"]))
        sound, onset = damped(repitched(shot, cents), decay, bank.sample_rate)
        pcm, scale = quantised(sound.astype(np.float64))
        row["onset"], row["frames"], row["scale"] = onset, len(pcm), scale
    return row, pcm


def sounding(
    plan: Plan, bank: Bank, shapes: StrokeShapes, pieces: Sequence[int], span: range
) -> tuple[Plan, StrokeShapes]:
    """Return a plan with the strokes of some pieces alone, without those that cannot be heard within ``span``.

    :param span: frames of the performance.
    """
    strikes = plan.strikes
    rows = bank.samples[strikes["sample"]]
    factor = longer(shapes.cents)
    begins = strikes["frame"] - np.ceil(rows["onset"] * factor) - RESHAPING_FRAMES
    ends = strikes["frame"] + np.ceil((rows["frames"] - rows["onset"]) * factor) + RESHAPING_FRAMES
    audible = np.isin(strikes["piece"], list(pieces)) & (ends > span.start) & (begins < span.stop)
    return replace(plan, strikes=strikes[audible]), StrokeShapes(shapes.cents[audible], shapes.decay[audible])
