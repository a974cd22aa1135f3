"""Apply the rows of examples in bounded memory: several short ones together, a long one a few stems at a time.

The stems of a long example that are not in memory are on the disk. The samples are those of
:func:`stemgmd_tools.augment.audio.apply.apply` for all stems of one example, since the result of a line does not depend
on other lines. Steps that need all stems (a loudness of their sum, the mixture, bleed) read them in parts.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
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
"""Maximum bytes of stems in memory, but at least one stem: nine stems of up to 169 s at 44.1 kHz fit.

Examples that are computed together share it."""
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


def apply_streamed(examples: Sequence[tuple[ExampleRenderer, Work]], folder: Path | None) -> Iterator[Finished]:
    """Apply the rows of examples in bounded memory; yield them in order.

    Consecutive examples are computed together while they fit :data:`MOST_AT_ONCE`.

    :param examples: each with the same names of stems, sample rate and device.
    :param folder: folder for temporary files of stems; None for the system's.
    :raises StemgmdError: as :func:`~stemgmd_tools.augment.audio.apply.apply` does, and if the disk is full.
    """
    for group in _groups(examples):
        (renderer, work), count = group[0], len(group[0][1].names)
        at_once = max(1, MOST_AT_ONCE // (renderer.frames * _FRAME_BYTES))
        if at_once >= count:
            yield from _apply_in_memory(group)
        else:
            stems = [range(first, min(first + at_once, count)) for first in range(0, count, at_once)]
            yield _StemGroups(renderer, work, stems, folder).finished()


def _groups(examples: Sequence[tuple[ExampleRenderer, Work]]) -> Iterator[list[tuple[ExampleRenderer, Work]]]:
    """Yield consecutive examples whose stems, all as long as the longest, fit the memory; at least one."""
    group: list[tuple[ExampleRenderer, Work]] = []
    longest = 0
    for renderer, work in examples:
        longest = max(longest, renderer.frames)
        if group and (len(group) + 1) * len(work.names) * longest * _FRAME_BYTES > MOST_AT_ONCE:
            yield group
            group, longest = [], renderer.frames
        group.append((renderer, work))
    if group:
        yield group


def _apply_in_memory(examples: Sequence[tuple[ExampleRenderer, Work]]) -> Iterator[Finished]:
    """Apply the rows of examples that are in memory together."""
    first = examples[0][1]
    axes = range(len(first.names))
    lengths = [renderer.frames for renderer, _ in examples]
    if len(examples) == 1:
        stems = examples[0][0].stems(axes)[None]
    else:
        stems = np.zeros((len(examples), len(axes), 2, max(lengths)), np.float32)
        for out, (renderer, _), frames in zip(stems, examples, lengths, strict=True):
            out[:, :, :frames] = renderer.stems(axes)
    applied = apply(
        [work.rows for _, work in examples],
        torch.from_numpy(stems).to(first.device),
        sample_rate=first.sample_rate,
        names=first.names,
        onsets=[renderer.onsets(axes) for renderer, _ in examples],
        frames=lengths,
        impulse_responses={name: taps for _, work in examples for name, taps in work.impulse_responses.items()},
        overwrite=True,
    )
    sound, mixtures = applied.stems.cpu().numpy(), applied.mixture.cpu().numpy()
    for item, ((_, work), frames) in enumerate(zip(examples, applied.frames, strict=True)):
        mixture = mixtures[item, :, :frames] if _is_finished(work.rows) else None
        yield Finished(MemoryStems(sound[item, :, :, :frames]), mixture, applied.warps[item])


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
