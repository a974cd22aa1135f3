"""Apply effects to lines in order, a few lines at a time, each at its own length."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.augment.audio.impulse_responses import ImpulseResponses
from stemgmd_tools.augment.audio.signal.blocks import lines_at_once
from stemgmd_tools.augment.audio.signal.envelope import apply_gain_db
from stemgmd_tools.augment.audio.signal.lti import Response, apply_responses
from stemgmd_tools.augment.audio.signal.stretch import Timed
from stemgmd_tools.augment.audio.steps import Parameters
from stemgmd_tools.augment.chain.effect import AudioEffect, Effect, FilterEffect, GainEffect, TimeEffect, Value
from stemgmd_tools.errors import AugmentError
from stemgmd_tools.numerics import elementary


class Touch(NamedTuple):
    """A line that an effect is applied to, with the parameters."""

    line: int
    parameters: Parameters


class Stage:
    """State of a batch of lines in a chain; ``audio`` is changed in place."""

    def __init__(
        self,
        audio: Tensor,
        frames: Sequence[int],
        onsets: Sequence[np.ndarray] | None,
        sample_rate: int,
        impulse_responses: ImpulseResponses,
    ) -> None:
        """Take lines (line, channel, frame) and their lengths."""
        self.audio = audio
        self.frames = list(frames)
        self.onsets = None if onsets is None else list(onsets)
        self.factors: list[tuple[float, ...]] = [()] * len(self.frames)
        self._pending: defaultdict[int, list[Response]] = defaultdict(list)
        self._sample_rate = sample_rate
        self._impulse_responses = impulse_responses

    def carry_out(self, effect: Effect, touches: Sequence[Touch]) -> None:
        """Apply one effect to some lines, or defer it if it can be combined with the next.

        :raises AugmentError: if the effect does not act on stems or mixtures alike.
        """
        if isinstance(effect, FilterEffect):
            for line, parameters in touches:
                self._pending[line].append(self._response(effect, parameters))
            return
        first_touches, repeated = _apart(touches)
        self.settle(touch.line for touch in first_touches)
        if isinstance(effect, TimeEffect):
            self._change_time(effect, first_touches)
        elif isinstance(effect, AudioEffect):
            for part, audio, arguments in self._gathered(effect, first_touches):
                after = effect.call(audio, **arguments)
                if after is not audio or not _is_view(part):
                    self._write(part, after)
        elif isinstance(effect, GainEffect):
            for line, parameters in first_touches:
                sound = self.audio[line, :, : self.frames[line]]
                gain_db = effect.call(sound, values=effect.values(parameters), sample_rate=self._sample_rate)
                apply_gain_of(sound, gain_db)
        else:
            raise AugmentError(f"{effect.name} is no effect on stems, and on mixtures it is applied after them")
        if repeated:
            self.carry_out(effect, repeated)

    def _response(self, effect: FilterEffect, parameters: Parameters) -> Response:
        """Return the frequency response of a filter."""
        response: Response = effect.call(
            values=effect.values(parameters),
            sample_rate=self._sample_rate,
            channels=self.audio.shape[1],
            impulse_responses=self._impulse_responses,
        )
        return response

    def settle(self, lines: Sequence[int] | Iterator[int] | None = None) -> None:
        """Apply the deferred effects of some lines; default: all."""
        for line in sorted(self._pending) if lines is None else lines:
            responses = self._pending.pop(line, None)
            if responses:
                part = self.audio[line, :, : self.frames[line]]
                apply_responses(part, responses, out=part)

    def _gathered(
        self, effect: AudioEffect, touches: Sequence[Touch]
    ) -> Iterator[tuple[list[int], Tensor, dict[str, Any]]]:
        """Yield indices, sound and arguments of the lines, in parts of equal length."""
        by_length: defaultdict[int, list[Touch]] = defaultdict(list)
        for touch in touches:
            by_length[self.frames[touch.line]].append(touch)
        at_once = lines_at_once(self.audio.device, sharing=effect.shares_steps)
        for frames, equal in by_length.items():
            for first in range(0, len(equal), at_once):
                part = equal[first : first + at_once]
                indices = [touch.line for touch in part]
                onsets = None if self.onsets is None else [self.onsets[line] for line in indices]
                values = _columns([effect.values(touch.parameters) for touch in part])
                arguments = {"values": values, "sample_rate": self._sample_rate, "onsets": onsets}
                yield indices, self._lines(indices, frames), arguments

    def _lines(self, indices: list[int], frames: int) -> Tensor:
        """Return lines, as a view if they are consecutive."""
        if _is_view(indices):
            return self.audio[indices[0] : indices[-1] + 1, :, :frames]
        return self.audio[_index(indices, self.audio), :, :frames]

    def _write(self, indices: list[int], audio: Tensor) -> None:
        if _is_view(indices):
            self.audio[indices[0] : indices[-1] + 1, :, : audio.shape[-1]] = audio
        else:
            self.audio[_index(indices, audio), :, : audio.shape[-1]] = audio

    def _change_time(self, effect: TimeEffect, touches: Sequence[Touch]) -> None:
        for part, audio, arguments in self._gathered(effect, touches):
            timed: Timed = effect.call(audio, **arguments)
            if part == list(range(len(self.frames))):  # every line: no need to copy
                self.audio = timed.audio
            elif (more := timed.audio.shape[-1] - self.audio.shape[-1]) > 0:
                self.audio = torch.nn.functional.pad(self.audio, (0, more))
            if self.audio is not timed.audio:
                self._write(part, timed.audio)
            for line, frames, factor in zip(part, timed.frames, timed.factors, strict=True):
                self.audio[line, :, frames:] = 0
                self.frames[line] = frames
                self.factors[line] += (factor,)
                if self.onsets is not None:
                    self.onsets[line] = moved(self.onsets[line], factor, frames)

    def cut(self) -> None:
        """Cut the batch to the longest line."""
        self.audio = self.audio[..., : max(self.frames)]


def apply_gain_of(sound: Tensor, gain_db: float | Tensor) -> None:
    """Apply the gain of a :class:`GainEffect` to a sound (channel, frame), in place."""
    if isinstance(gain_db, Tensor):
        apply_gain_db(sound[None], gain_db[None])
    else:
        sound.mul_(elementary.exp10(gain_db / 20))


def _apart(touches: Sequence[Touch]) -> tuple[list[Touch], list[Touch]]:
    """Return the first touch of every line and the repeated ones, which are applied again afterwards."""
    first_touches: dict[int, Touch] = {}
    repeated = [touch for touch in touches if first_touches.setdefault(touch.line, touch) is not touch]
    return list(first_touches.values()), repeated


def _columns(rows: Sequence[Mapping[str, Value]]) -> dict[str, Tensor | tuple[str, ...]]:
    """Return the values of every parameter, one a line: tensors of float64 or int64 on the CPU, or texts."""
    columns: dict[str, Tensor | tuple[str, ...]] = {}
    for name, first in rows[0].items():
        values = [row[name] for row in rows]
        if isinstance(first, str):
            columns[name] = tuple(map(str, values))
        else:
            columns[name] = torch.tensor(values, dtype=torch.float64 if isinstance(first, float) else torch.int64)
    return columns


def _is_view(indices: list[int]) -> bool:
    """Return whether lines are consecutive, so that they can be a view of the batch."""
    return indices == list(range(indices[0], indices[-1] + 1))


def _index(indices: list[int], like: Tensor) -> Tensor:
    return torch.tensor(indices, device=like.device)


def moved(onsets: np.ndarray, factor: float, frames: int) -> np.ndarray:
    """Return the frames of strokes after a change of time, without those beyond the end."""
    later = np.rint(np.asarray(onsets) * factor).astype(np.int64)
    return later[later < frames]
