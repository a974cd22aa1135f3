"""Apply the rows of one example in bounded memory: a few stems at a time, with the others on the disk.

The samples are those of :func:`stemgmd_tools.augment.audio.apply.apply` for all stems at once, since the result of a
line does not depend on other lines. Steps that need all stems (a loudness of their sum, the mixture, bleed) read them
from the disk in parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.apply import Warp, apply
from stemgmd_tools.augment.audio.executor import Stage, Touch, apply_gain_of
from stemgmd_tools.augment.audio.impulse_responses import ImpulseResponses
from stemgmd_tools.augment.audio.mixture import StemParts, finish
from stemgmd_tools.augment.audio.sounds import Float, MemoryStems, Sounds, Spool
from stemgmd_tools.augment.audio.steps import Step, needs_all_stems, steps_on_sound, touched
from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.effect import Effect, GainEffect
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row
from stemgmd_tools.augment.symbolic.examples import ExampleRenderer
from stemgmd_tools.errors import AugmentError

MOST_AT_ONCE: Final = 1 << 29
"""Maximum bytes of stems in memory, but at least one stem: nine stems of up to 169 s at 44.1 kHz fit."""
PART_FRAMES: Final = 1 << 18
"""Frames per part when all stems are summed."""
_FRAME_BYTES: Final = 8
"""Two channels of float32."""


class Finished(NamedTuple):
    """An example after all its rows."""

    stems: Sounds
    mixture: Float | None
    """(2, frames), full scale 1, if effects were applied to it; None if it is the sum of the stems."""
    warps: tuple[Warp, ...]
    """Warp for the labels of each stem."""


class Work(NamedTuple):
    """Rows and settings of an example, shared by all its stems."""

    rows: Sequence[Row]
    names: Sequence[str]
    sample_rate: int
    device: str
    impulse_responses: ImpulseResponses


def apply_streamed(renderer: ExampleRenderer, work: Work, folder: Path | None) -> Finished:
    """Apply the rows of an example in bounded memory.

    :param folder: folder for temporary files of stems; None for the system's.
    :raises StemgmdError: as :func:`~stemgmd_tools.augment.audio.apply.apply` does, and if the disk is full.
    """
    count = len(work.names)
    at_once = max(1, MOST_AT_ONCE // (renderer.frames * _FRAME_BYTES))
    if at_once >= count:
        return _apply_in_memory(renderer, work)
    return _StemGroups(
        renderer, work, [range(i, min(i + at_once, count)) for i in range(0, count, at_once)], folder
    ).finished()


def _apply_in_memory(renderer: ExampleRenderer, work: Work) -> Finished:
    axes = range(len(work.names))
    applied = apply(
        [work.rows],
        torch.from_numpy(renderer.stems(axes))[None].to(work.device),
        sample_rate=work.sample_rate,
        names=work.names,
        onsets=[renderer.onsets(axes)],
        impulse_responses=work.impulse_responses,
        overwrite=True,
    )
    frames = applied.frames[0]
    mixture = applied.mixture[0, :, :frames].cpu().numpy() if _is_finished(work.rows) else None
    return Finished(MemoryStems(applied.stems[0, :, :, :frames].cpu().numpy()), mixture, applied.warps[0])


def _is_finished(rows: Sequence[Row]) -> bool:
    return any(row.scope == "mixture" for row in rows)


class _Section(NamedTuple):
    """Steps between two steps that need all stems."""

    gain_step: tuple[GainEffect, Step] | None
    """The common gain before the section; None for the first section."""
    steps: list[tuple[Effect, Step]]


def _sections(rows: Sequence[Row]) -> list[_Section]:
    """Return the sections of the steps on stems, in order."""
    sections = [_Section(None, [])]
    for effect, step in steps_on_sound([rows], mixture=False):
        if needs_all_stems(effect, step):
            sections.append(_Section((effect, step), []))
        else:
            sections[-1].steps.append((effect, step))
    return sections


class _StemGroups:
    """Computes the stems of an example in groups."""

    def __init__(self, renderer: ExampleRenderer, work: Work, groups: Sequence[range], folder: Path | None) -> None:
        self._renderer, self._work, self._groups = renderer, work, groups
        self._spool = Spool(len(work.names), folder)

    def finished(self) -> Finished:
        """Apply all rows."""
        stages = [self._empty_stage(group) for group in self._groups]
        for number, section in enumerate(_sections(self._work.rows)):
            gains = self._gains(*section.gain_step) if section.gain_step else {}
            for group, stage in zip(self._groups, stages, strict=True):
                stage.audio = self._rendered(group) if number == 0 else self._fetched(group, stage)
                self._carry_out(section, gains, group, stage)
                self._set_aside(group, stage)
        mixture = self._mixture() if _is_finished(self._work.rows) else None
        warps = tuple(Warp(factors) for stage in stages for factors in stage.factors)
        return Finished(self._spool, mixture, warps)

    def _empty_stage(self, group: range) -> Stage:
        """Return a stage with the lines of a group, still without audio."""
        nothing = torch.empty(len(group), 2, 0)
        frames = [self._renderer.frames] * len(group)
        responses = self._work.impulse_responses
        return Stage(nothing, frames, self._renderer.onsets(group), self._work.sample_rate, responses)

    def _fetched(self, group: range, stage: Stage) -> Tensor:
        """Return the stored audio of a group."""
        return self._tensor(self._spool.stems(group, 0, max(stage.frames)))

    def _rendered(self, group: range) -> Tensor:
        """Return the audio of a group before all audio rows."""
        sound = self._renderer.stems(group)
        for stem, line in zip(group, sound, strict=True):
            if not all(math.isfinite(float(edge)) for edge in torch.aminmax(torch.from_numpy(line))):
                raise AugmentError(f"stems: not finite (NaN or infinity) in stem {stem}; mend the input")
        return self._tensor(sound)

    def _tensor(self, sound: Float) -> Tensor:
        return torch.from_numpy(sound).to(self._work.device)

    def _carry_out(self, section: _Section, gains: Mapping[int, float | Tensor], group: range, stage: Stage) -> None:
        touches = []
        for line, stem in enumerate(group):
            gain_db = gains.get(stem)
            if isinstance(gain_db, Tensor):
                apply_gain_of(stage.audio[line, :, : stage.frames[line]], gain_db)
            elif gain_db is not None:
                touches.append(Touch(line, {"gain_db": gain_db}))
        stage.carry_out(find_effect("gain"), touches)
        for effect, step in section.steps:
            touches = [Touch(group.index(stem), values) for _, row in step for stem, values in touched(row, group)]
            stage.carry_out(effect, touches)
        stage.settle()
        stage.cut()

    def _set_aside(self, group: range, stage: Stage) -> None:
        for stem, sound, frames in zip(group, stage.audio, stage.frames, strict=True):
            self._spool.write(stem, sound[:, :frames].cpu().numpy())
        stage.audio = stage.audio.new_empty(len(group), 2, 0)

    def _gains(self, effect: GainEffect, step: Step) -> dict[int, float | Tensor]:
        """Return the gain of each stem, which may be that of the sum of all stems."""
        gains: dict[int, float | Tensor] = {}
        for _, row in step:
            every = row.stem == ALL_STEMS
            sound = self._sum() if every else self._spool.stem(row.stem, 0, self._spool.frames)
            values = effect.values(row.parameters)
            gain_db = effect.call(self._tensor(sound), values=values, sample_rate=self._work.sample_rate)
            stems = range(self._spool.count) if every else (row.stem,)
            gains.update(dict.fromkeys(stems, gain_db))
        return gains

    def _sum(self) -> Float:
        """Return the sum of the stems, added in order."""
        total = np.empty((2, self._spool.frames), np.float32)
        for start in range(0, self._spool.frames, PART_FRAMES):
            stems = self._spool.part(start, start + PART_FRAMES)
            part = total[:, start : start + PART_FRAMES]
            part[:] = stems[0]
            for stem in stems[1:]:
                part += stem
        return total

    def _mixture(self) -> Float:
        work = self._work

        def parts(_: int) -> StemParts:
            return lambda start, stop: self._tensor(self._spool.part(start, stop))

        total = self._tensor(self._sum())[None]
        mixtures = finish(
            [work.rows], total, [self._spool.frames], parts, work.names, work.sample_rate, work.impulse_responses
        )
        finished: Float = mixtures[0].cpu().numpy()
        return finished
