"""Jobs of an augmented corpus: each writes all files of one example, reproducibly."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.augment.chain.impulse_responses import digests, names_of_rows
from stemgmd_tools.augment.chain.manifest_rows import Drawn, manifest_rows
from stemgmd_tools.augment.chain.rows import Example, Row, rows_to_json
from stemgmd_tools.augment.chain.schema import Chain
from stemgmd_tools.augment.corpus.render_example import Augmented, augment_together
from stemgmd_tools.augment.sampling.draw import counts_hits, draw
from stemgmd_tools.augment.sampling.pool import Pool, pool_of
from stemgmd_tools.augment.symbolic.source_spec import SourceSpec, bank_sha256, open_source
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.corpus.folder.records import STEMS, FileEntry
from stemgmd_tools.corpus.render.jobs import FIXED_COST_S, performance_content, performance_digest, write_midi
from stemgmd_tools.corpus.render.writer import TrackSet, block_frames, write_tracks
from stemgmd_tools.performances.mapped_midi import mapped_midi
from stemgmd_tools.rendering.settings import RenderSettings

COST: Final = 6.0
"""Cost of a second of an augmented example, relative to a rendered second."""


@dataclass(frozen=True, slots=True)
class AugmentationPlan:
    """Data shared by all jobs of a run."""

    origin: SourceSpec
    chain: Chain | None
    """None if the rows are given."""
    augmentation: Augmentation
    kits: tuple[tuple[str, str], ...]
    """Name and hash of every kit that may be drawn."""
    batch: int = 1
    """Maximum number of examples that are computed together."""


@dataclass(frozen=True, slots=True, eq=False)
class AugmentJob:
    """All tracks of one example, and its MIDI files."""

    plan: AugmentationPlan
    example: Example
    rows: tuple[Row, ...] | None
    """Rows of the example; None to draw them from the plan's chain."""
    parent_digest: str
    """Digest of the source performance."""
    performance_s: float
    """Nominal length of the source performance."""
    kind = STEMS

    @property
    def name(self) -> str:
        """Kit, then example."""
        return f"{self.kit_name}/{self.performance_id}"

    @property
    def performance_id(self) -> str:
        """The example's name."""
        return self.example.name

    @property
    def kit_name(self) -> str:
        """The kit it was played on."""
        return self.example.kit

    @property
    def cost_s(self) -> float:
        """Estimated cost: length times :data:`COST`, plus the fixed cost of a job."""
        return COST * self.performance_s + FIXED_COST_S

    @property
    def inputs(self) -> tuple[str, ...]:
        """Everything the files depend on: rows, provenance, and the content of all performances and kits used."""
        augmentation = json.dumps(asdict(self.plan.augmentation), sort_keys=True)
        rows = self.drawn_rows()
        hashes = dict(self.plan.kits)
        kits = {self.kit_name, *(str(row.parameters["kit"]) for row in rows if "kit" in row.parameters)}
        performances = {str(row.parameters["performance"]) for row in rows if "performance" in row.parameters}
        return (
            self.parent_digest,
            json.dumps([(kit, hashes.get(kit)) for kit in sorted(kits)]),
            json.dumps([_digest(self.plan.origin, name) for name in sorted(performances)]),
            json.dumps(digests(self.plan.origin.impulse_responses, names_of_rows(rows))),
            augmentation,
            json.dumps(self.example),
            rows_to_json(rows),
        )

    def file_count(self, settings: RenderSettings) -> int:
        """Return the number of files: tracks and two MIDI files."""
        return len(layout.tracks(settings)) + 2

    @property
    def at_once(self) -> int:
        """Maximum number of examples that are computed together."""
        return self.plan.batch

    def write(self, root: Path, settings: RenderSettings) -> tuple[list[FileEntry], dict[str, Any]]:
        """Augment the example and write its files."""
        return next(self.write_together([self], root, settings))

    def write_together(
        self, jobs: Sequence[AugmentJob], root: Path, settings: RenderSettings
    ) -> Iterator[tuple[list[FileEntry], dict[str, Any]]]:
        """Augment the examples of jobs of this plan together and write their files, one after the other."""
        examples = [(job.example, job.drawn_rows()) for job in jobs]
        together = augment_together(self.plan.origin, examples, self.plan.augmentation.device, root)
        for job, (example, rows), augmented in zip(jobs, examples, together, strict=True):
            yield job.write_augmented(Drawn(example, rows, self.plan.augmentation), augmented, root, settings)

    def write_augmented(
        self, drawn: Drawn, augmented: Augmented, root: Path, settings: RenderSettings
    ) -> tuple[list[FileEntry], dict[str, Any]]:
        """Write the files of the example once it is augmented."""
        blocks = augmented.tracks.blocks(block_frames(settings.sample_rate))
        rows = write_tracks(root, self._track_set(augmented, settings), blocks, settings)
        source = open_source(self.plan.origin)
        parent = mapped_midi(source.played(self.example.performance))
        midi = write_midi(root, augmented.performance, parent)
        files = [FileEntry(row["path"], row["content_hash"], row["bytes"]) for row in rows]
        return [*files, *midi], {
            "bank_sha256": bank_sha256(source, self.kit_name),
            "kit_hash": dict(self.plan.kits)[self.kit_name],
            "rows": rows,
            "performance": performance_content(augmented.performance),
            "midi": midi,
            "augmentations": list(manifest_rows(drawn)),
        }

    def drawn_rows(self) -> tuple[Row, ...]:
        """Return the rows of the example."""
        chain = self.plan.chain
        if self.rows is not None or chain is None:
            return self.rows or ()
        return draw(chain, self.example, _pool(self.plan.origin, counts_hits(chain)), self.plan.augmentation.seed)

    def _track_set(self, augmented: Augmented, settings: RenderSettings) -> TrackSet:
        """Return the facts about the tracks for the manifest."""
        tracks = augmented.tracks
        silent_axes = tracks.silent
        names = set(layout.tracks(settings)) - ({layout.MIXTURE} if tracks.finished is not None else set())
        silent = frozenset(name for name in names if silent_axes.issuperset(layout.axes_of(name)))
        return TrackSet(augmented.performance, self.kit_name, tracks.frames, augmented.hits, silent, tracks.gain_db)


@lru_cache(maxsize=1)
def _pool(origin: SourceSpec, activity: bool) -> Pool:
    return pool_of(open_source(origin), activity=activity)


@lru_cache(maxsize=4096)
def _digest(origin: SourceSpec, performance: str) -> str:
    """Return the digest of another performance of the source."""
    return performance_digest(open_source(origin).played(performance))
