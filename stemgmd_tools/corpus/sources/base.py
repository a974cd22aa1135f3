"""The interface through which training and augmentation read stems, and helpers for its implementations.

:class:`~stemgmd_tools.corpus.sources.disk.Corpus` reads files,
:class:`~stemgmd_tools.corpus.sources.virtual.VirtualCorpus` renders on request. Both return the same integers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol, runtime_checkable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools import audio
from stemgmd_tools.errors import CorpusError, UsageError
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES, Piece
from stemgmd_tools.rendering.stems import Pcm


@runtime_checkable
class StemSource(Protocol):
    """Random access to the stems of performances rendered through kits.

    Sources can be pickled and used in worker processes, forked or spawned.
    """

    @property
    def sample_rate(self) -> int:
        """Frames per second of all stems."""
        ...

    @property
    def bit_depth(self) -> int:
        """16 or 24: the integer grid of all stems. Divided by ``units.full_scale(bit_depth)`` they lie in -1..1."""
        ...

    @property
    def performances(self) -> pd.DataFrame:
        """One row per performance, typed as the manifest ``performances``."""
        ...

    @property
    def hits(self) -> pd.DataFrame:
        """One row per hit of every performance, typed as the manifest ``hits``."""
        ...

    @property
    def kits(self) -> pd.DataFrame:
        """One row per kit, typed as the manifest ``kits``."""
        ...

    @property
    def tracks(self) -> pd.DataFrame:
        """One row per track of every performance through every kit, typed as the manifest ``stems``.

        Levels and file hashes are missing where nothing was rendered yet.
        """
        ...

    @property
    def kit_splits(self) -> dict[str, str]:
        """Split of each kit by its name, ascending: ``train``, ``heldout``, or an empty text for a kit of your own.

        ``kits`` has the same splits, but has to generate kits such as ``random:7`` first.
        """
        ...

    def kits_of(self, performance: str) -> tuple[str, ...]:
        """Return the names of the kits through which a performance is available, ascending.

        Cheaper than ``tracks``, which builds a table of all tracks.

        :raises UsageError: if the source does not hold this performance.
        """
        ...

    def length(self, performance: str, kit: str) -> int:
        """Return the common length of the stems in frames.

        :raises UsageError: if the source does not hold this performance through this kit.
        """
        ...

    def stems(
        self,
        performance: str,
        kit: str,
        start: int = 0,
        frames: int | None = None,
        pieces: Sequence[Piece | str] | None = None,
    ) -> Pcm:
        """Return a part of the stems.

        :param start: first frame, 0 or more.
        :param frames: number of frames; frames beyond the end are silent. None: all remaining frames, possibly none.
        :param pieces: which stems in which order; the nine in canonical order if omitted.
        :return: a new array of shape (piece, channel, frame): int16 at 16 bits, int32 at 24. It need not be contiguous,
            see ``np.ascontiguousarray``.
        :raises UsageError: if the source does not hold this performance through this kit, a piece is unknown or named
            twice, or ``start`` or ``frames`` is negative.
        """
        ...

    def floats(
        self,
        performance: str,
        kit: str,
        start: int = 0,
        frames: int | None = None,
        pieces: Sequence[Piece | str] | None = None,
        out: NDArray[np.float32] | None = None,
    ) -> NDArray[np.float32]:
        """Return :meth:`stems` divided by full scale, exactly: float32 in -1..1, shape (piece, channel, frame).

        :param out: float32 array of that shape to fill and return; saves the cost of fresh memory. If omitted, a new
            C-contiguous array is returned.
        :raises UsageError: as :meth:`stems`, or if ``out`` has another shape or type.
        """
        ...

    def played(self, performance: str) -> Performance:
        """Return the performance.

        :raises UsageError: if the source does not hold this performance.
        """
        ...


class Span(NamedTuple):
    """A requested part of stems."""

    start: int
    """First frame."""
    sounding: int
    """Frames that lie before the end of the stems."""
    frames: int
    """Number of frames requested; those beyond ``sounding`` are silence."""


def span_of(length: int, start: int, frames: int | None) -> Span:
    """Return the requested part of stems of ``length`` frames; ``frames`` None means all from ``start`` on.

    :raises UsageError: if ``start`` or ``frames`` is negative.
    """
    if start < 0 or (frames is not None and frames < 0):
        raise UsageError(f"start is {start} and frames {frames}; both must be 0 or more")
    left = max(length - start, 0)
    wanted = left if frames is None else int(frames)
    return Span(int(start), min(wanted, left), wanted)


def axes_of(pieces: Iterable[Piece | str] | None) -> tuple[int, ...]:
    """Return the axes of pieces in the given order; those of all nine for None.

    :raises UsageError: if a piece is unknown or named twice.
    """
    if pieces is None:
        return tuple(range(len(PIECES)))
    if isinstance(pieces, str):
        raise UsageError(f"pieces is the text {pieces!r}; give a sequence of names, such as [{pieces!r}]")
    try:
        axes = tuple(Piece(piece).axis for piece in pieces)
    except ValueError as error:
        raise UsageError(f"{error}; pieces are {', '.join(PIECES)}") from None
    if len(set(axes)) < len(axes):
        raise UsageError(f"pieces {', '.join(PIECES[axis] for axis in axes)}: each may be named once")
    return axes


def not_held(source: object, performance: str, kit: str | None = None) -> UsageError:
    """Return the error for a performance, or a performance through a kit, that a source does not hold."""
    through = "" if kit is None else f" through kit {kit}"
    lists = "`performances`" if kit is None else "`tracks`"
    return UsageError(f"{source}: holds no performance {performance}{through}; its {lists} lists what there is")


def room_for(shape: tuple[int, ...], out: NDArray[np.float32] | None) -> NDArray[np.float32]:
    """Return ``out``, or a new array if there is none.

    :raises UsageError: if ``out`` is not float32 or not of this shape.
    """
    if out is None:
        return np.empty(shape, np.float32)
    if out.shape != shape or out.dtype != np.float32:
        raise UsageError(f"out is {out.dtype} of shape {out.shape}; this part is float32 of shape {shape}")
    return out


def read_part(path: Path, span: Span, sample_rate: int, bit_depth: int) -> Pcm:
    """Read the sounding frames of a part of a track, shape (frames, 2).

    :raises CorpusError: if the file has another format or fewer frames than the corpus says.
    :raises AudioError: if it is missing or unreadable.
    """
    pcm, *form = audio.read_pcm(path, start=span.start, frames=span.sounding)
    if form != [sample_rate, bit_depth]:
        raise CorpusError(
            f"{path}: has {form[1]} bits at {form[0]} Hz; the corpus has {bit_depth} at {sample_rate}; "
            "run `stemgmd verify`"
        )
    if pcm.shape != (span.sounding, 2):
        raise CorpusError(f"{path}: shorter than its manifest row states; run `stemgmd verify`")
    return pcm


def silence(shape: tuple[int, ...], bit_depth: int) -> Pcm:
    """Return zeros in the integer type of a bit depth."""
    return np.zeros(shape, np.int16) if bit_depth == 16 else np.zeros(shape, np.int32)
