"""Separate a sound of any length, sample rate and format, block by block, into integer stems."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from stemgmd_tools.errors import AudioError, UsageError
from stemgmd_tools.separation.inference.mixture_consistency import Floats, Integers, Sharing
from stemgmd_tools.separation.inference.overlap import OVERLAP, Stream
from stemgmd_tools.separation.inference.resampling import Block, Resampler
from stemgmd_tools.separation.inference.wiener import WienerFiltered
from stemgmd_tools.separation.networks.separator import MaskSeparator, Separator

BLOCK_S: Final = 2.0
"""Recommended block length for reading sounds."""


@dataclass(frozen=True, slots=True)
class SeparationSettings:
    """Settings that do not depend on the sound."""

    segment_s: float | None = None
    """Length of a chunk; None: that of the model."""
    overlap: float = OVERLAP
    """Fraction of a chunk that overlaps the next one, 0 to 0.5."""
    batch: int = 1
    """Chunks per batch."""
    device: str = "cpu"
    bf16: bool = False
    """Whether matrix products and convolutions are computed in bfloat16."""
    mixture_consistent: bool = False
    """Whether the integers of the stems sum to those of the input."""


class Separation:
    """Separates one sound in constant memory; the stems have the length of the sound.

    A mono sound has mono stems. The result does not depend on the block size.

    :param sample_rate: of the sound, Hz. It is resampled to the model's rate, and the stems back.
    :param channels: of the sound, 1 or 2.
    :param sample_format: of the returned integers, ``int16``, ``int24`` or ``float32`` (integers on the 24-bit grid).
    :raises UsageError: for another number of channels, or invalid settings.
    """

    def __init__(
        self, model: Separator, settings: SeparationSettings, *, sample_rate: int, channels: int, sample_format: str
    ) -> None:
        """Start before the first frame."""
        if channels not in {1, 2}:
            raise UsageError(f"{channels} channels; a sound of one or two can be separated")
        self._rate, self._channels, self._count = sample_rate, channels, len(model.stems)
        self._stream = _stream(model, settings)
        self._enter = Resampler(sample_rate, model.sample_rate, channels)
        self._leave = Resampler(model.sample_rate, sample_rate, self._count * channels)
        self._sharing = Sharing(self._count, sample_rate, sample_format, consistent=settings.mixture_consistent)
        self._waiting: deque[Block] = deque()
        """Frames of the sound whose stems have not been returned yet."""
        self._owed = 0
        """Number of these frames."""
        self._frames_read = 0

    def clipped(self, stems: Sequence[int]) -> int:
        """Return the number of samples clipped so far in stems, given by index."""
        return self._sharing.clipped(stems)

    def push(self, block: Block) -> Integers:
        """Add the next frames, shape (n, channel), full scale 1; return the final stems, shape (stem, m, channel).

        :raises AudioError: for NaN or infinite samples.
        """
        self._check(block)
        self._frames_read += len(block)
        self._owed += len(block)
        self._waiting.append(block)
        estimates = self._stream.push(self._entering(self._enter.push(block)))
        return self._answer(self._leave.push(self._leaving(estimates)))

    def finish(self) -> Integers:
        """Return the remaining stems, shape (stem, m, channel)."""
        estimates = [self._stream.push(self._entering(self._enter.finish())), self._stream.finish()]
        last = np.concatenate([self._leave.push(self._leaving(torch.cat(estimates, -1))), self._leave.finish()])
        # Resampling twice rounds lengths and may lose the last frames; they are padded with silence.
        short = max(0, self._owed - len(last))
        return self._answer(np.pad(last, ((0, short), (0, 0))))

    def _check(self, block: Block) -> None:
        finite = np.isfinite(block).all(axis=1)
        if not finite.all():
            time_s = (self._frames_read + int(finite.argmin())) / self._rate
            raise AudioError(f"at {time_s:.3f} s a sample is no finite number; repair the sound or cut it before")

    def _entering(self, block: Block) -> Tensor:
        """Return frames in the model's shape (2, n)."""
        return torch.from_numpy(np.ascontiguousarray(block.T)).expand(2, -1)

    def _leaving(self, estimates: Tensor) -> Block:
        """Return stems (stem, 2, n) as frames with the channels of the sound for each stem."""
        if not torch.isfinite(estimates).all():
            raise AudioError("the model's output holds samples that are no finite numbers; its weights are damaged")
        channels = estimates.mean(dim=1, keepdim=True) if self._channels == 1 else estimates
        return channels.flatten(0, 1).T.numpy()

    def _answer(self, frames: Block) -> Integers:
        """Return the integers of the stems for the next frames of the sound."""
        count = min(len(frames), self._owed)
        stems = np.moveaxis(frames[:count].reshape(count, self._count, self._channels), 1, 0)
        return self._sharing.integers(np.ascontiguousarray(stems), self._mixture(count))

    def _mixture(self, count: int) -> Floats:
        """Remove the next frames of the sound from the queue."""
        parts: list[Block] = []
        self._owed -= count
        while count:
            block = self._waiting.popleft()
            parts.append(block[:count])
            if len(block) > count:
                self._waiting.appendleft(block[count:])
            count -= len(parts[-1])
        return np.concatenate(parts) if parts else np.empty((0, self._channels), np.float32)


def with_wiener_filter(model: Separator, alpha: float | None) -> Separator:
    """Return a model with alpha-Wiener filtering; the model itself if ``alpha`` is None.

    :raises UsageError: if the model does not predict masks, or alpha is not above 0.
    """
    if alpha is None:
        return model
    if not isinstance(model, MaskSeparator):
        raise UsageError("--wiener shares out spectra by masks, and this model makes none; leave it out")
    try:
        return WienerFiltered(model, alpha)
    except ValueError as error:
        raise UsageError(f"--wiener: {error}") from error


def separate_sound(
    model: Separator, sound: NDArray[np.float32], sample_rate: int, settings: SeparationSettings | None = None
) -> NDArray[np.float32]:
    """Return the stems (stem, channel, frame) of a sound (channel, frame) in memory, on the 24-bit grid.

    :param sample_rate: of the sound and the stems, Hz.
    :raises UsageError: for other than one or two channels.
    :raises AudioError: for NaN or infinite samples.
    """
    separation = Separation(
        model, settings or SeparationSettings(), sample_rate=sample_rate, channels=len(sound), sample_format="float32"
    )
    frames = np.ascontiguousarray(sound.T)
    integers = np.concatenate([separation.push(frames), separation.finish()], axis=1)
    return np.moveaxis(integers, 2, 1).astype(np.float32) / np.float32(1 << 23)


def block_frames(sample_rate: int) -> int:
    """Return the recommended block size in frames."""
    return max(1, round(BLOCK_S * sample_rate))


def _stream(model: Separator, settings: SeparationSettings) -> Stream:
    seconds = settings.segment_s
    return Stream(
        model,
        segment=model.segment if seconds is None else max(1, round(seconds * model.sample_rate)),
        overlap=settings.overlap,
        batch=settings.batch,
        device=settings.device,
        autocast=torch.bfloat16 if settings.bf16 else None,
    )


def chosen_stems(model: Separator, names: Sequence[str]) -> tuple[int, ...]:
    """Return the indices of stems in the model's order; all if ``names`` is empty.

    :raises UsageError: if the model does not separate one of them.
    """
    for name in names:
        if name not in model.stems:
            raise UsageError(f"--stem {name}: these weights separate {', '.join(model.stems)}")
    return tuple(place for place, stem in enumerate(model.stems) if not names or stem in names)
