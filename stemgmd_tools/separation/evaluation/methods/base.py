"""Base class of methods to evaluate, which separate the mixture of a clip block by block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.corpus.sources.base import axes_of
from stemgmd_tools.errors import UsageError

Frames: TypeAlias = NDArray[np.float32]
"""A mixture (2, frame) or stems (stem, 2, frame), full scale 1."""

BLOCK: Final = 64 * 2048
"""Frames per block: 3 s at 44.1 kHz, a multiple of the windows of every metric."""


class SoundSource(Protocol):
    """What a clip reads: any :class:`~stemgmd_tools.corpus.sources.base.StemSource`, or a recording."""

    @property
    def sample_rate(self) -> int:
        """Frames per second."""
        ...

    def floats(self, performance: str, kit: str, start: int = 0, frames: int | None = None) -> Frames:
        """Return a part of the nine stems, shape (9, 2, frame)."""
        ...


@dataclass(frozen=True)
class Clip:
    """A performance through a kit, or its beginning."""

    source: SoundSource
    performance: str
    kit: str
    stems: tuple[str, ...]
    """Pieces or groups."""
    frames: int

    def both(self, start: int, frames: int) -> tuple[Frames, Frames]:
        """Return the mixture (2, frame) of all nine pieces, and the stems (stem, 2, frame); silence beyond the clip."""
        pieces = np.zeros((9, 2, frames), np.float32)
        sounding = max(0, min(frames, self.frames - start))
        if sounding:
            pieces[..., :sounding] = self.source.floats(self.performance, self.kit, start, sounding)
        stems = [pieces[list(axes_of(pieces_of_stem(stem)))].sum(axis=0) for stem in self.stems]
        return pieces.sum(axis=0), np.stack(stems)

    def mixture(self, start: int, frames: int) -> Frames:
        """Return a part of the mixture, shape (2, frame)."""
        return self.both(start, frames)[0]

    @property
    def sample_rate(self) -> int:
        """Frames per second."""
        return self.source.sample_rate

    def blocks(self) -> Iterator[tuple[int, int]]:
        """Yield start and length of the blocks of the clip."""
        for start in range(0, self.frames, BLOCK):
            yield start, min(BLOCK, self.frames - start)


class Method(ABC):
    """A separation method. Must be picklable, for worker processes."""

    name: str
    """Name in tables."""

    @property
    @abstractmethod
    def about(self) -> Mapping[str, Any]:
        """Everything that determines its estimates, as JSON data; results are reused while this is equal."""

    def check(self, stems: Sequence[str], sample_rate: int) -> None:  # noqa: B027 - most methods take any clip
        """Check that clips with these stems and this sample rate can be separated.

        :raises UsageError: if they cannot.
        """

    @abstractmethod
    def separate(self, clip: Clip) -> Iterator[Frames]:
        """Yield estimates, shape (stem, 2, frame), of consecutive parts of any length that cover the clip."""


class Callback(Method):
    """A method defined by a function of the whole mixture; the clip and its stems must fit into memory.

    :param function: (2, frame) to (stem, 2, frame), float32.
    """

    def __init__(self, name: str, function: Callable[[Frames], Frames], about: Mapping[str, Any] | None = None) -> None:
        """Keep the function."""
        self.name, self._function, self._about = name, function, dict(about or {})

    @property
    def about(self) -> Mapping[str, Any]:
        """The name, and the ``about`` of the constructor."""
        return {"name": self.name, **self._about}

    def separate(self, clip: Clip) -> Iterator[Frames]:
        """Yield the estimates of the whole clip."""
        yield self._function(clip.mixture(0, clip.frames))


def in_pieces(clip: Clip, piece: int, margin: int, separate: Callable[[int, int], Frames]) -> Iterator[Frames]:
    """Separate a clip in pieces with a margin on both sides.

    The result equals that on the whole clip if an estimate depends on at most ``margin`` frames on both sides, and the
    hop of the transform divides ``piece`` and ``margin``.

    :param separate: maps the first frame and the number of frames to estimates, shape (stem, 2, frame).
    """
    for start in range(0, clip.frames, piece):
        length = min(piece, clip.frames - start)
        first = max(0, start - margin)
        estimates = separate(first, min(clip.frames, start + length + margin) - first)
        yield estimates[..., start - first : start - first + length]


def regrouped(parts: Iterator[Frames], lengths: Sequence[int]) -> Iterator[Frames]:
    """Yield parts regrouped to the given lengths along the last axis.

    :raises UsageError: if the total length differs.
    """
    waiting: list[Frames] = []
    held = 0
    for length in lengths:
        while held < length:
            part = next(parts, None)
            if part is None:
                raise UsageError(f"the estimates end {length - held} frames before the clip does")
            waiting.append(part)
            held += part.shape[-1]
        joined = waiting[0] if len(waiting) == 1 else np.concatenate(waiting, axis=-1)
        yield joined[..., :length]
        waiting = [joined[..., length:]]
        held -= length
    if held or next(parts, None) is not None:
        raise UsageError("the estimates go on beyond the clip's end")
