"""Apply effects of the kit domain: sources of stems, and pitch and decay of strokes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.effect import SourceEffect, StrokeEffect, TempoEffect
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Example, Row
from stemgmd_tools.augment.symbolic.reshape import RESHAPING_FRAMES, Shaped, damp, repitch
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.pcm import quantise
from stemgmd_tools.kits.sample_map.microphones import Role
from stemgmd_tools.numerics import elementary
from stemgmd_tools.rendering.plan import Plan


class StemPart(NamedTuple):
    """A layer of a stem."""

    performance: str
    kit: str
    start: int
    """Frame of the performance at which the segment starts; a negative start gives silence first."""
    weight: float
    levels_db: tuple[tuple[Role, float], ...] = ()
    """Added to the levels of microphones of these roles; empty for the mix as it is."""


Layers: TypeAlias = tuple[StemPart, ...]
"""What a stem is the weighted sum of."""


def layers(example: Example, rows: Sequence[Row], sample_rate: int) -> tuple[Layers, ...]:
    """Return the layers of each stem after the rows; rows of other domains are ignored.

    The first layer is the main source of a stem, further layers double it; weights add up to 1. After a change of tempo
    the segment starts at the same musical position.
    """
    rate = math.prod(float(row.parameters["rate"]) for row in rows if isinstance(find_effect(row.effect), TempoEffect))
    unchanged: Layers = (StemPart(example.performance, example.kit, round(example.start / rate), 1.0),)
    stems = [unchanged] * len(example.stems)
    for row in rows:
        effect = find_effect(row.effect)
        if isinstance(effect, SourceEffect):
            for stem in stems_of(row, example):
                stems[stem] = effect.call(stems[stem], values=effect.values(row.parameters), sample_rate=sample_rate)
    return tuple(stems)


def stems_of(row: Row, example: Example) -> Sequence[int]:
    """Return the stems a row acts on."""
    return range(len(example.stems)) if row.stem == ALL_STEMS else (row.stem,)


def reshapes_strokes(row: Row) -> bool:
    """Return whether a row changes single strokes, which must then be rendered anew."""
    return isinstance(find_effect(row.effect), StrokeEffect)


class StrokeShapes(NamedTuple):
    """Pitch and decay changes of every stroke of a plan."""

    cents: NDArray[np.float64]
    decay: NDArray[np.float64]


def stroke_shapes(plan: Plan, rows: Sequence[Row]) -> StrokeShapes:
    """Return pitch and decay of every stroke of a plan after all rows that reshape strokes."""
    count = len(plan.strikes)
    shapes = StrokeShapes(np.zeros(count), np.ones(count))
    for row in rows:
        if reshapes_strokes(row):
            effect = find_effect(row.effect)
            shapes = effect.call(shapes, values=effect.values(row.parameters), plan=plan)
    return shapes


def longer(cents: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the factor on the length of sounds that are resampled by ``cents``."""
    return elementary.exp2(-cents / units.CENTS_PER_OCTAVE)


def reshape_strokes(plan: Plan, bank: Bank, shapes: StrokeShapes) -> tuple[Plan, Bank]:
    """Return a plan whose strokes play reshaped one-shots, and a bank of these one-shots.

    Attack frames, gains and chokes are unchanged.
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
    """Return an upper bound on the total frames of the one-shots of :func:`reshape_strokes`."""
    keys = np.unique(np.stack([plan.strikes["sample"].astype(np.float64), *shapes]), axis=1)
    frames = bank.samples["frames"][keys[0].astype(np.int64)]
    return int(np.ceil(frames * longer(keys[1])).sum())


def _reshaped_shot(bank: Bank, sample: int, cents: float, decay: float) -> tuple[NDArray[np.void], NDArray[np.int16]]:
    """Return the row and the PCM of one reshaped one-shot; an unchanged one keeps its samples."""
    row = bank.samples[sample].copy()
    pcm = bank.one_shot(sample)
    if cents != 0.0 or decay != 1.0:
        scale = float(row["scale"])
        shot = Shaped(pcm.astype(np.float32) * np.float32(scale), int(row["onset"]))
        sound, onset = damp(repitch(shot, cents), decay, bank.sample_rate)
        pcm, scale = quantise(sound.astype(np.float64))
        row["onset"], row["frames"], row["scale"] = onset, len(pcm), scale
    return row, pcm


def sounding(
    plan: Plan, bank: Bank, shapes: StrokeShapes, pieces: Sequence[int], span: range
) -> tuple[Plan, StrokeShapes]:
    """Return a plan with only the strokes of some pieces that sound within ``span``.

    :param span: frames of the performance.
    """
    strikes = plan.strikes
    rows = bank.samples[strikes["sample"]]
    factor = longer(shapes.cents)
    begins = strikes["frame"] - np.ceil(rows["onset"] * factor) - RESHAPING_FRAMES
    ends = strikes["frame"] + np.ceil((rows["frames"] - rows["onset"]) * factor) + RESHAPING_FRAMES
    audible = np.isin(strikes["piece"], list(pieces)) & (ends > span.start) & (begins < span.stop)
    return replace(plan, strikes=strikes[audible]), StrokeShapes(shapes.cents[audible], shapes.decay[audible])
