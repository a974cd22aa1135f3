"""Jobs that write the audio of a finished corpus anew, in another layout or container, without its kits."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from stemgmd_tools.audio import Pcm, commit_all, read_pcm
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.folder.records import MIDI, SINGLE_HITS, STEMS, FileEntry, read_record, record_path
from stemgmd_tools.corpus.render.jobs import SINGLE_HIT_COST_S, StemsTask, files_of, performance_digest
from stemgmd_tools.corpus.render.single_hits import OneShot, write_one_shot
from stemgmd_tools.corpus.render.writer import TrackSet, block_frames, write_tracks
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTE_OF_ARTICULATION, PIECES
from stemgmd_tools.rendering.settings import RenderSettings

_BLOCKS_PER_READ: Final = 20
"""Blocks read from the source at once: a minute, since each read opens nine files."""


def midi_bytes(corpus: Corpus, performance: str) -> bytes:
    """Return the source MIDI file of a performance.

    :raises CorpusError: if its record or its file is missing.
    """
    record = read_record(record_path(corpus.root, MIDI, performance))
    if record is None:
        raise CorpusError(f"{corpus.root}: has no intact record of {performance}; run `stemgmd verify`")
    path = corpus.root / record.files[0].path
    try:
        return path.read_bytes()
    except OSError as error:
        raise CorpusError(f"{path}: cannot be read ({error.strerror})") from error


@dataclass(frozen=True, slots=True, eq=False)
class StemsCopy(StemsTask):
    """All tracks of one performance and kit, from the stems of a corpus; equal to a rendering's job."""

    corpus: Corpus
    performance: Performance
    kit_name: str
    kit_hash: str
    kind = STEMS

    @property
    def name(self) -> str:
        """``<kit>/<performance>``."""
        return f"{self.kit_name}/{self.performance.id}"

    @property
    def inputs(self) -> tuple[str, ...]:
        """Performance and kit."""
        return performance_digest(self.performance), self.kit_hash

    def write(self, root: Path, settings: RenderSettings) -> tuple[list[FileEntry], dict[str, Any]]:
        """Read the stems and write the tracks."""
        rows = _tracks(self.corpus, self.performance.id, self.kit_name)
        by_track = dict(zip(rows["track"].tolist(), rows["hits"].tolist(), strict=True))
        hits = tuple(by_track[piece.value] for piece in PIECES)
        silent = frozenset(name for name in layout.tracks(settings) if not any(hits[a] for a in layout.axes_of(name)))
        frames, gain_db = int(rows["frames"].iloc[0]), float(rows["gain_db"].iloc[0])
        tracks = TrackSet(self.performance, self.kit_name, frames, hits, silent, gain_db)
        written = write_tracks(root, tracks, self._blocks(frames, settings), settings)
        bank = _bank_sha256(self.corpus, self.kit_name)
        return files_of(written), {"bank_sha256": bank, "kit_hash": self.kit_hash, "rows": written}

    def _blocks(self, frames: int, settings: RenderSettings) -> Iterator[tuple[Pcm, Pcm]]:
        """Yield stems (9, frames, 2) and mixture (frames, 2)."""
        step = block_frames(settings.sample_rate)
        for start in range(0, frames, _BLOCKS_PER_READ * step):
            count = min(_BLOCKS_PER_READ * step, frames - start)
            stems = self.corpus.stems(self.performance.id, self.kit_name, start, count).transpose(0, 2, 1)
            for begin in range(0, count, step):
                part: Any = np.ascontiguousarray(stems[:, begin : begin + step])
                yield part, part.sum(axis=0, dtype=part.dtype)


@dataclass(frozen=True, slots=True, eq=False)
class SingleHitsCopy:
    """All single hits of one kit, from those of a corpus."""

    corpus: Corpus
    kit_name: str
    kit_hash: str
    kind = SINGLE_HITS
    performance_id = ""
    performance_s = 0.0

    @property
    def name(self) -> str:
        """The kit's name."""
        return self.kit_name

    @property
    def cost_s(self) -> float:
        """One short track per hit."""
        return SINGLE_HIT_COST_S * len(self._rows)

    @property
    def inputs(self) -> tuple[str, ...]:
        """The kit."""
        return (self.kit_hash,)

    @property
    def _rows(self) -> pd.DataFrame:
        rows = self.corpus.single_hits
        return rows[rows["kit"] == self.kit_name]

    def file_count(self, settings: RenderSettings) -> int:  # noqa: ARG002
        """One file per articulation and velocity."""
        return len(self._rows)

    def write(self, root: Path, settings: RenderSettings) -> tuple[list[FileEntry], dict[str, Any]]:
        """Read the single hits and write them."""
        written = []
        for articulation, group in self._rows.groupby("articulation", sort=False):
            with ExitStack() as stack:
                hits = [
                    write_one_shot(root, settings, self._one_shot(str(articulation), row), stack)
                    for row in group.to_dict("records")
                ]
                commit_all([writer for writer, _ in hits])
            written += [row for _, row in hits]
        bank = _bank_sha256(self.corpus, self.kit_name)
        return files_of(written), {"bank_sha256": bank, "kit_hash": self.kit_hash, "rows": written}

    def _one_shot(self, articulation: str, row: dict[Any, Any]) -> OneShot:
        path = self.corpus.root / row["path"]
        pcm, *form = read_pcm(path)
        if form != [self.corpus.sample_rate, self.corpus.bit_depth] or len(pcm) != row["frames"]:
            raise CorpusError(f"{path}: differs from its manifest row; run `stemgmd verify`")
        note = NOTE_OF_ARTICULATION[articulation]
        return OneShot(self.kit_name, note, row["velocity"], row["onset_frame"], pcm, row["gain_db"])


def _tracks(corpus: Corpus, performance: str, kit: str) -> pd.DataFrame:
    """Return the rows of the tracks of one performance and kit."""
    rows = corpus.tracks
    return rows[(rows["performance"] == performance) & (rows["kit"] == kit)]


def _bank_sha256(corpus: Corpus, kit: str) -> str:
    kits = corpus.kits
    return str(kits.loc[kits["kit"] == kit, "bank_sha256"].iloc[0])
