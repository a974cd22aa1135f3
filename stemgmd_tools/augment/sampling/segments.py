"""Draw training segments from an index of onsets, with a minimum share of rare pieces.

A draw depends only on (seed, epoch, index), not on workers, ranks, batch size or where a run was resumed.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.errors import UsageError
from stemgmd_tools.pieces import GROUPS, PIECES, PIECES_OF_GROUP, Group
from stemgmd_tools.seeds import stream

TRIES: Final = 16
"""Maximum number of candidate segments per item; the first with all required pieces is used, else the best."""


class Segment(NamedTuple):
    """A segment of a performance through a kit."""

    performance: str
    kit: str
    start: int
    """First frame; 0 where the performance is shorter than the segment."""


class _Onsets(NamedTuple):
    """The hits of one piece or group in all performances."""

    row: NDArray[np.int64]
    """Number of the performance, ascending."""
    frame: NDArray[np.int64]
    """Ascending within a performance."""

    def has_hit(self, row: int, start: int, frames: int) -> bool:
        """Return whether a segment of a performance contains a hit."""
        first, last = np.searchsorted(self.row, [row, row + 1])
        return bool(np.diff(np.searchsorted(self.frame[first:last], [start, start + frames]))[0] > 0)


class SegmentDraw:
    """Draws segments of one length from a source; every second of a performance is equally likely.

    :param source: stems by performance and kit.
    :param frames: length of a segment.
    :param min_active: piece or group -> minimum share of the segments, 0..1, that contain at least one of its hits; the
        other segments are drawn without requirements.
    :param grid: segments start at multiples of this number of frames, as in LarsNet; 1: anywhere. Not with
        ``min_active``, which places segments by their hits.
    :param seed: seed of all draws.
    :raises UsageError: if a length or share is out of range, or a name is unknown or never played.
    """

    def __init__(
        self,
        source: StemSource,
        frames: int,
        *,
        min_active: Mapping[str, float] | None = None,
        grid: int = 1,
        seed: int = 0,
    ) -> None:
        """Index the onsets."""
        if frames < 1:
            raise UsageError(f"frames is {frames}; a segment has at least 1")
        self.frames, self._by_hits = frames, bool(min_active)
        self.set_grid(grid)
        self._seed = seed
        performances = source.performances
        self._names = performances["performance"].tolist()
        self._lengths = np.maximum((performances["duration_s"].to_numpy() * source.sample_rate).astype(np.int64), 1)
        self._ends = np.cumsum(self._lengths)
        self._kits = {name: source.kits_of(name) for name in self._names}
        self._required = _required(min_active or {}, source.hits, self._names)

    def set_grid(self, grid: int) -> None:
        """Let segments start at multiples of this number of frames.

        :raises UsageError: if it is below 1, or above 1 with ``min_active``.
        """
        if grid < 1:
            raise UsageError(f"grid is {grid}; it is 1 frame at least")
        if grid > 1 and self._by_hits:
            raise UsageError("min_active and a grid cannot be used together; min_active places segments by their hits")
        self._grid = grid

    def weigh_kits(self, weights: Mapping[str, int]) -> None:
        """Draw kits as often as these weights say: how many kits each counts as, by its name; 1 where it is missing."""
        self._kits = {
            name: tuple(kit for kit in dict.fromkeys(kits) for _ in range(weights.get(kit, 1)))
            for name, kits in self._kits.items()
        }

    def segment(self, epoch: int, index: int) -> Segment:
        """Return the segment of an item of an epoch."""
        draw = stream(self._seed, "segment", epoch, index)
        chances = draw.random(len(self._required))
        required = [onsets for (share, onsets), chance in zip(self._required, chances, strict=True) if chance < share]
        row, start = self._best(draw, required)
        kits = self._kits[self._names[row]]
        return Segment(self._names[row], kits[int(draw.integers(len(kits)))], start)

    def _best(self, draw: np.random.Generator, required: list[_Onsets]) -> tuple[int, int]:
        """Return performance and start of the first candidate with all required pieces, else of the best."""
        best, most = (0, 0), -1
        for _ in range(TRIES):
            row, start = self._around_onset(draw, required) if required else self._anywhere(draw)
            count = sum(onsets.has_hit(row, start, self.frames) for onsets in required)
            if count > most:
                best, most = (row, start), count
            if most == len(required):
                break
        return best

    def _anywhere(self, draw: np.random.Generator) -> tuple[int, int]:
        """Return a segment drawn uniformly over time."""
        row = int(np.searchsorted(self._ends, draw.integers(self._ends[-1]), side="right"))
        places = max(int(self._lengths[row]) - self.frames, 0) // self._grid + 1
        return row, self._grid * int(draw.integers(places))

    def _around_onset(self, draw: np.random.Generator, required: list[_Onsets]) -> tuple[int, int]:
        """Return a segment around a random hit of the rarest required piece."""
        onsets = min(required, key=lambda candidate: len(candidate.frame))
        number = int(draw.integers(len(onsets.frame)))
        row, frame = int(onsets.row[number]), int(onsets.frame[number])
        latest = max(int(self._lengths[row]) - self.frames, 0)
        low = min(max(frame - self.frames + 1, 0), latest)
        return row, int(draw.integers(low, min(frame, latest) + 1))


def _required(min_active: Mapping[str, float], hits: pd.DataFrame, names: list[str]) -> list[tuple[float, _Onsets]]:
    """Return share and onsets of the required pieces and groups, in canonical order."""
    allowed = dict.fromkeys([*GROUPS, *PIECES])
    unknown = [name for name in min_active if name not in allowed]
    if unknown:
        raise UsageError(f"min_active names {unknown[0]!r}; allowed: {', '.join(allowed)}")
    numbers = {name: number for number, name in enumerate(names)}
    required = []
    for name in (candidate for candidate in allowed if candidate in min_active):
        share = min_active[name]
        if not 0 <= share <= 1:
            raise UsageError(f"min_active of {name} is {share}; it is a share of the segments, 0..1")
        pieces = [piece.value for piece in PIECES_OF_GROUP[Group(name)]] if name in tuple(GROUPS) else [str(name)]
        rows = hits[hits["piece"].isin(pieces)]
        if rows.empty:
            raise UsageError(f"min_active names {name}, which no performance plays; leave it out")
        row = np.array([numbers[str(performance)] for performance in rows["performance"]], np.int64)
        frame = np.array(rows["frame"], np.int64)
        order = np.lexsort([frame, row])
        required.append((float(share), _Onsets(row[order], frame[order])))
    return required
