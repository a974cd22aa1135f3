"""Apply the rows of scope ``mixture`` after the stems are summed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from stemgmd_tools.augment.audio.board import BOARD_EFFECTS, board_effect
from stemgmd_tools.augment.audio.effects.bleed import Settings, StemParts, add_bleed
from stemgmd_tools.augment.audio.executor import Stage, Touch
from stemgmd_tools.augment.audio.registry import ImpulseResponses, Parameters, find_impulse_response
from stemgmd_tools.augment.audio.steps import steps_on_sound
from stemgmd_tools.augment.chain.rows import Row
from stemgmd_tools.errors import AugmentError


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
        if effect != "bleed" and effect not in BOARD_EFFECTS:
            stage.carry_out(effect, [Touch(item, row.parameters) for item, row in step])
            continue
        stage.settle([item for item, _ in step])
        for item, row in step:
            sound = stage.audio[item, :, : lengths[item]]
            if effect == "bleed":
                add_bleed(sound, stems(item), names, _settings(row.parameters), sample_rate=sample_rate)
            else:
                sound.copy_(_board(effect, sound, row.parameters, sample_rate, impulse_responses))
    stage.settle()
    return stage.audio


def summed(stems: Tensor) -> Tensor:
    """Return the sum of stems (item, stem, channel, frame), added in order."""
    mixture = stems[:, 0].clone()
    for stem in range(1, stems.shape[1]):
        mixture += stems[:, stem]
    return mixture


def require_names(rows: Sequence[Sequence[Row]], names: Sequence[str], count: int) -> None:
    """Check that the names of the stems are given if bleed is applied.

    :raises AugmentError: if they are not.
    """
    if len(names) != count and any(row.effect == "bleed" for item_rows in rows for row in item_rows):
        raise AugmentError(f"bleed: {count} stems and {len(names)} names; give apply the names of the stems")


def _settings(parameters: Parameters) -> Settings:
    values = {name: float(parameters[name]) for name in Settings._fields if name != "seed"}
    return Settings(**values, seed=int(parameters["seed"]))


def _board(
    effect: str, sound: Tensor, parameters: Parameters, sample_rate: int, impulse_responses: ImpulseResponses
) -> Tensor:
    taps = None
    if "impulse_response" in parameters:
        taps = find_impulse_response(str(parameters["impulse_response"]), impulse_responses).cpu().numpy()
    audio = sound.cpu().numpy()
    out = board_effect(effect, audio, parameters, sample_rate=sample_rate, impulse_response=taps)
    return torch.from_numpy(out)
