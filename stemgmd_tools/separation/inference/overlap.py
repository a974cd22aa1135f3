"""Separate sounds of any length in overlapping chunks, in constant memory.

Chunks of ``segment`` frames begin every ``segment - overlap`` frames. Overlapping stems are cross-faded linearly, with
weights that are never exactly 0 or 1 and sum to one at each frame without a division. The first chunk begins at the
first frame; the last chunk is as long as the others and ends at the last frame. Only a sound shorter than a chunk is
separated as one shorter chunk.

Silent chunks are not passed to the model: their stems are silent.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import torch
from torch import Tensor

from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.inference.allocator import enough_memory
from stemgmd_tools.separation.networks.separator import Separator

OVERLAP: Final = 0.25
"""Fraction of a chunk that overlaps the next one."""
MOST_OVERLAP: Final = 0.5
"""With more, three chunks would overlap."""
_LESS_MEMORY: Final = "separate shorter chunks (--segment), fewer at once (--batch), or with --device cpu"


def separate_frames(
    model: Separator,
    mixture: Tensor,
    *,
    segment: int,
    overlap: float = OVERLAP,
    batch: int = 1,
    device: str | torch.device = "cpu",
    autocast: torch.dtype | None = None,
) -> Tensor:
    """Return the stems (stem, 2, frame) of a mixture (2, frame) of any length; see :class:`Stream`."""
    stream = Stream(model, segment=segment, overlap=overlap, batch=batch, device=device, autocast=autocast)
    return torch.cat([stream.push(mixture), stream.finish()], -1)


class Stream:
    """Separates a sound block by block; the result does not depend on the blocks, to the bit.

    Buffers ``segment + batch * (segment - overlap)`` frames of the mixture. After each batch of chunks, returns the
    stems of all frames that no later chunk changes.

    :param model: moved to ``device`` and set to evaluation mode.
    :param segment: frames of a chunk.
    :param overlap: fraction of a chunk that overlaps the next one, 0 to 0.5.
    :param batch: chunks per batch. Another number may change the last bits.
    :param device: device of the model; stems are returned on the CPU as float32.
    :param autocast: the type for matrix products and convolutions, as ``torch.bfloat16``; None for float32.
    :raises UsageError: for other values.
    """

    def __init__(
        self,
        model: Separator,
        *,
        segment: int,
        overlap: float = OVERLAP,
        batch: int = 1,
        device: str | torch.device = "cpu",
        autocast: torch.dtype | None = None,
    ) -> None:
        """Start before the first frame."""
        if segment < 1 or batch < 1 or not 0.0 <= overlap <= MOST_OVERLAP:
            raise UsageError(
                f"segment {segment}, overlap {overlap}, batch {batch}: give a segment and a batch of 1 or more, and an "
                f"overlap from 0 to {MOST_OVERLAP}"
            )
        self._device = torch.device(device)
        self._model = model.to(self._device).eval()
        self._autocast = autocast
        self._segment, self._batch = segment, batch
        shared = int(segment * overlap)
        self._hop = segment - shared
        self._rise = (torch.arange(shared, dtype=torch.float32) + 0.5) / max(shared, 1)
        self._held = torch.empty(2, segment + batch * self._hop)
        self._filled = 0
        self._next = 0
        """Where the next chunk starts in ``_held``."""
        self._tail = torch.empty(len(model.stems), 2, 0)
        """Stems of the last chunk where the next one overlaps it."""

    def push(self, frames: Tensor) -> Tensor:
        """Add the next frames, shape (2, n), float32; return the stems that are final, shape (stem, 2, m), m >= 0.

        :raises UsageError: for another shape.
        """
        if frames.ndim != 2 or len(frames) != 2:
            raise UsageError(f"frames have the shape {tuple(frames.shape)}; they must be (2, n)")
        done: list[Tensor] = []
        while frames.shape[-1]:
            wanted = self._next + self._segment + (self._batch - 1) * self._hop - self._filled
            taken, frames = frames[:, :wanted], frames[:, wanted:]
            self._held[:, self._filled : self._filled + taken.shape[-1]] = taken
            self._filled += taken.shape[-1]
            if taken.shape[-1] == wanted:
                done.extend(self._joined(self._separated(self._starts(self._batch))))
                self._keep_last_chunk()
        return self._whole(done)

    def finish(self) -> Tensor:
        """Return the stems of the remaining frames, shape (stem, 2, m); another sound may follow."""
        starts = self._starts(max(0, (self._filled - self._next - self._segment) // self._hop + 1))
        covered = starts[-1] + self._segment if starts else (self._segment if self._next else 0)
        surplus = 0
        if self._filled > covered:
            # The last chunk ends with the sound. Its frames before its regular start are dropped.
            place = self._next + len(starts) * self._hop
            starts.append(max(0, self._filled - self._segment))
            surplus = place - starts[-1]
        estimates = self._separated(starts)
        done = list(self._joined([*estimates[:-1], *(part[..., surplus:] for part in estimates[-1:])]))
        done.append(self._tail)
        stems = self._whole(done)
        self._filled = self._next = 0
        self._tail = self._tail[..., :0]
        return stems

    def _starts(self, count: int) -> list[int]:
        return [self._next + number * self._hop for number in range(count)]

    def _keep_last_chunk(self) -> None:
        last = self._next + (self._batch - 1) * self._hop
        self._held[:, : self._segment] = self._held[:, last : self._filled].clone()
        self._filled, self._next = self._segment, self._hop

    def _separated(self, starts: Sequence[int]) -> list[Tensor]:
        """Return the stems (stem, 2, frame) of chunks that begin at ``starts``."""
        if not starts:
            return []
        chunks = torch.stack([self._held[:, start : min(start + self._segment, self._filled)] for start in starts])
        audible = chunks.ne(0).flatten(1).any(1)
        if not audible.any():
            return [chunks.new_zeros(len(self._model.stems), *chunk.shape) for chunk in chunks]
        with (
            enough_memory(_LESS_MEMORY),
            torch.inference_mode(),
            torch.autocast(self._device.type, self._autocast, enabled=self._autocast is not None),
        ):
            stems = self._model(chunks.to(self._device)).float().cpu()
        return list(stems if audible.all() else stems.masked_fill(~audible[:, None, None, None], 0.0))

    def _joined(self, estimates: Sequence[Tensor]) -> Iterator[Tensor]:
        """Cross-fade each chunk with the one before; yield the final frames."""
        shared = len(self._rise)
        for stems in estimates:
            over = self._tail.shape[-1]
            # a + r (b - a) rather than (1 - r) a + r b: where both chunks agree, the result is exactly their value.
            joint = torch.lerp(self._tail, stems[..., :over], self._rise[:over])
            end = max(over, stems.shape[-1] - shared)
            yield joint
            yield stems[..., over:end]
            self._tail = stems[..., end:].clone()

    def _whole(self, parts: Sequence[Tensor]) -> Tensor:
        empty = self._tail[..., :0]
        return torch.cat([empty, *parts], -1)
