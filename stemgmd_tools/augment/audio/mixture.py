"""Apply the rows of scope ``mixture`` after the stems are summed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

from torch import Tensor

from stemgmd_tools.augment.audio.board import through_board
from stemgmd_tools.augment.audio.executor import Stage, Touch
from stemgmd_tools.augment.audio.impulse_responses import ImpulseResponses
from stemgmd_tools.augment.audio.steps import steps_on_sound
from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.effect import BoardEffect, MixtureEffect
from stemgmd_tools.augment.chain.rows import Row
from stemgmd_tools.errors import AugmentError

StemParts: TypeAlias = Callable[[int, int], Tensor]
"""For a first frame and a last + 1: the stems there, (stem, channel, frame) float32, read-only."""


def finish(
    rows: Sequence[Sequence[Row]],
    mixtures: Tensor,
    lengths: Sequence[int],
    stems: Callable[[int], StemParts],
    names: Sequence[str],
    sample_rate: int,
    impulse_responses: ImpulseResponses,
) -> Tensor:
    """Return mixtures after the rows of scope ``mixture``.

    :param rows: rows of each item.
    :param mixtures: (item, channel, frame), the sums of the stems; overwritten.
    :param lengths: lengths of the items.
    :param stems: function from an item to the reader of parts of its stems, for bleed.
    :param names: names of the stems.
    """
    stage = Stage(mixtures, lengths, None, sample_rate, impulse_responses)
    for effect, step in steps_on_sound(rows, mixture=True):
        if not isinstance(effect, MixtureEffect):
            stage.carry_out(effect, [Touch(item, row.parameters) for item, row in step])
            continue
        stage.settle([item for item, _ in step])
        for item, row in step:
            sound = stage.audio[item, :, : lengths[item]]
            values = effect.values(row.parameters)
            if isinstance(effect, BoardEffect):
                after = through_board(effect, sound, values, sample_rate, impulse_responses)
            else:
                after = effect.call(
                    sound,
                    values=values,
                    stems=stems(item),
                    names=names,
                    sample_rate=sample_rate,
                    impulse_responses=impulse_responses,
                )
            if after is not sound:
                sound.copy_(after)
    stage.settle()
    return stage.audio


def summed(stems: Tensor) -> Tensor:
    """Return the sum of stems (item, stem, channel, frame), added in order."""
    mixture = stems[:, 0].clone()
    for stem in range(1, stems.shape[1]):
        mixture += stems[:, stem]
    return mixture


def require_names(rows: Sequence[Sequence[Row]], names: Sequence[str], count: int) -> None:
    """Check that the names of the stems are given if an effect asks for them.

    :raises AugmentError: if they are not.
    """
    if len(names) == count:
        return
    for row in (row for item_rows in rows for row in item_rows):
        if find_effect(row.effect).asks_for("names"):
            raise AugmentError(f"{row.effect}: {count} stems and {len(names)} names; give apply the names of the stems")
