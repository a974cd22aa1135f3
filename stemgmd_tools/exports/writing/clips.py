"""The clips of an export: performances through kits, and the files of their tracks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pandas as pd

from stemgmd_tools.audio import Pcm, flac_bytes
from stemgmd_tools.corpus.folder.layout import MIXTURE
from stemgmd_tools.corpus.render.jobs import performance_digest
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.exports.base import ExportRequest
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTE_OF_NUMBER, PIECES
from stemgmd_tools.rendering.settings import DEFAULT_FLAC_LEVEL
from stemgmd_tools.storage.paths import inside

TRACKS: Final = (MIXTURE, *(piece.value for piece in PIECES))
"""Tracks of a clip: the mixture and the nine stems."""
_LEVEL: Final = DEFAULT_FLAC_LEVEL / 8
_SHARD_S: Final = 1200.0
"""Longest sum of durations in a file: ten tracks of 20 minutes are about 500 MB of FLAC, as the Hub advises."""
DEFAULT_SPLIT: Final = "train"
"""Split of performances that have none."""


@dataclass(frozen=True, slots=True, eq=False)
class Clip:
    """A performance through a kit."""

    performance: Performance
    kit: str
    split: str
    """``train``, ``validation`` or ``test``."""


@dataclass(frozen=True, slots=True, eq=False)
class Clips:
    """The clips of a request, by split, performance and kit."""

    request: ExportRequest
    all: tuple[Clip, ...] = field(init=False)
    _rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = field(init=False)
    """Rows of the tracks by name, for each performance and kit; empty for a virtual corpus."""

    def __post_init__(self) -> None:
        """Find the clips."""
        source, kits = self.request.source, self.request.kit_names()
        table = source.performances
        splits = dict(zip(table["performance"].tolist(), table["gmd_split"].fillna(DEFAULT_SPLIT), strict=True))
        clips = [
            Clip(performance, kit, str(splits[performance.id]))
            for performance in self.request.performances()
            for kit in sorted(set(kits) & set(source.kits_of(performance.id)))
        ]
        object.__setattr__(self, "all", tuple(sorted(clips, key=lambda c: (c.split, c.performance.id, c.kit))))
        object.__setattr__(self, "_rows", _rows_of(source.tracks) if isinstance(source, Corpus) else {})

    @property
    def splits(self) -> dict[str, list[Clip]]:
        """The clips of each split, in the order train, validation, test."""
        order = {name: [clip for clip in self.all if clip.split == name] for name in ("train", "validation", "test")}
        return {name: clips for name, clips in order.items() if clips}

    def inputs(self) -> list[list[str]]:
        """Return what determines the sound and labels of every clip."""
        source = self.request.source
        if isinstance(source, Corpus):
            return [[c.split, c.performance.id, c.kit, *self._hashes(c)] for c in self.all]
        return [
            [c.split, performance_digest(c.performance), source.kit(c.kit).key, repr(source.settings)] for c in self.all
        ]

    def _hashes(self, clip: Clip) -> Iterator[str]:
        rows = self._rows[clip.performance.id, clip.kit]
        return (str(rows[track]["content_hash"]) for track in TRACKS)

    def stems(self, clip: Clip) -> Pcm:
        """Return the nine stems, shape (9, channel, frame)."""
        return self.request.source.stems(clip.performance.id, clip.kit)

    def files(self, clip: Clip) -> dict[str, tuple[bytes, str]]:
        """Return content and suffix of the file of each track: a corpus's own file, or FLAC.

        :raises CorpusError: if a file cannot be read.
        """
        source = self.request.source
        if isinstance(source, Corpus):
            rows = self._rows[clip.performance.id, clip.kit]
            return {track: _file(source, rows[track]["path"]) for track in TRACKS}
        stems = self.stems(clip)
        tracks = {MIXTURE: stems.sum(axis=0, dtype=stems.dtype)}
        tracks |= {piece.value: stems[piece.axis] for piece in PIECES}
        return {
            name: (flac_bytes(np.ascontiguousarray(pcm.T), source.sample_rate, _LEVEL), "flac")
            for name, pcm in tracks.items()
        }


def shards_of(clips: Sequence[Clip]) -> Iterator[list[Clip]]:
    """Yield the clips of each file."""
    shard: list[Clip] = []
    total_s = 0.0
    for clip in clips:
        if shard and total_s + clip.performance.duration_s > _SHARD_S:
            yield shard
            shard, total_s = [], 0.0
        shard.append(clip)
        total_s += clip.performance.duration_s
    if shard:
        yield shard


def hit_rows(performance: Performance) -> list[dict[str, Any]]:
    """Return the hits as rows: time in seconds, note, velocity, openness, piece, articulation."""
    names = performance.hits.dtype.names or ()
    rows = [dict(zip(names, hit, strict=True)) for hit in performance.hits.tolist()]
    return [
        {**row, "piece": (note := NOTE_OF_NUMBER[row["note"]]).piece.value, "articulation": note.articulation}
        for row in rows
    ]


def _rows_of(tracks: pd.DataFrame) -> dict[tuple[str, str], dict[str, dict[str, Any]]]:
    rows: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in tracks[["performance", "kit", "track", "path", "content_hash"]].to_dict("records"):
        rows.setdefault((row["performance"], row["kit"]), {})[row["track"]] = {str(k): v for k, v in row.items()}
    return rows


def _file(corpus: Corpus, path: str) -> tuple[bytes, str]:
    file = inside(corpus.root, path)
    try:
        return file.read_bytes(), file.suffix[1:]
    except OSError as error:
        raise CorpusError(f"{file}: cannot be read ({error.strerror}); run `stemgmd verify`") from error
