"""Group rows into the steps of a chain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import TypeAlias, TypeGuard

from stemgmd_tools.augment.audio.signal.noise import SEEDS_APART
from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.effect import SEEDS, AudioEffect, Domain, Effect, GainEffect, Kind, Value
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row

Parameters: TypeAlias = Mapping[str, Value]
"""Parameters of a row, by name."""

Step: TypeAlias = list[tuple[int, Row]]
"""Rows of one step and effect, each with the index of its item."""


def steps_on_sound(rows: Sequence[Sequence[Row]], *, mixture: bool) -> Iterator[tuple[Effect, Step]]:
    """Yield effect and rows of the steps on stems, or on the mixture, in order.

    :param rows: rows of each item.
    """
    selected = [
        (item, row)
        for item, item_rows in enumerate(rows)
        for row in item_rows
        if (row.scope == "mixture") == mixture and find_effect(row.effect).domain in (Domain.AUDIO, Domain.MIX)
    ]

    def place(entry: tuple[int, Row]) -> tuple[int, str]:
        return entry[1].step, entry[1].effect

    for (_, effect), step in groupby(sorted(selected, key=place), key=place):
        yield find_effect(effect), list(step)


def needs_all_stems(effect: Effect, step: Step) -> TypeGuard[GainEffect]:
    """Return whether a step on stems needs their sum first."""
    return isinstance(effect, GainEffect) and any(row.stem == ALL_STEMS for _, row in step)


def touched(row: Row, stems: Sequence[int]) -> Iterator[tuple[int, Parameters]]:
    """Yield the stems that a row applies to, with their parameters."""
    for stem in stems:
        if row.stem in (ALL_STEMS, stem):
            yield stem, _of_stem(row, stem)


def _of_stem(row: Row, stem: int) -> Parameters:
    """Return a row's parameters for one stem; noise gets a seed per stem, so that it does not add up in the mixture."""
    effect = find_effect(row.effect)
    if row.stem != ALL_STEMS or not (isinstance(effect, AudioEffect) and effect.adds_noise):
        return row.parameters
    seeds = [parameter.name for parameter in effect.parameters if parameter.kind is Kind.SEED]
    return {**row.parameters} | {name: (int(row.parameters[name]) + SEEDS_APART * stem) % SEEDS for name in seeds}
