"""The job of an augmented corpus: all files of one example. Done again, the same bytes."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.augment.chain import Chain
from stemgmd_tools.augment.draw import draw
from stemgmd_tools.augment.make import Augmented, augment
from stemgmd_tools.augment.origin import Origin, bank_sha256, opened
from stemgmd_tools.augment.pool import Pool, pool_of
from stemgmd_tools.augment.rows import Example, Row, rows_to_json
from stemgmd_tools.augment.table import STEM_NAMES, Drawn, manifest_rows
from stemgmd_tools.corpus import layout
from stemgmd_tools.corpus.identity import Augmentation
from stemgmd_tools.corpus.jobs import FIXED_COST_S, STEMS, performance_content, write_midi
from stemgmd_tools.corpus.records import FileEntry
from stemgmd_tools.corpus.writer import Made, block_frames, write_tracks
from stemgmd_tools.performances.mapped import mapped_midi
from stemgmd_tools.rendering.settings import RenderSettings

COST: Final = 6.0
"""What a second of an augmented example costs, in seconds that are only rendered."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What all jobs of a run share."""

    origin: Origin
    chain: Chain | None
    """None where rows are given."""
    made_with: Augmentation
    kits: tuple[tuple[str, str], ...]
    """Name and hash of every kit that may be drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class AugmentJob:
    """All tracks of one example, and its MIDI files."""

    recipe: Recipe
    example: Example
    rows: tuple[Row, ...] | None
    """What is done to it; None: drawn from the recipe's chain."""
    parent_digest: str
    """Of the performance that it is made from."""
    performance_s: float
    """Nominal length of that performance."""
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
        """Length times what effects cost, plus what every job costs."""
        return COST * self.performance_s + FIXED_COST_S

    @property
    def inputs(self) -> tuple[str, ...]:
        """Performance, kits, chain and seed, or the rows themselves."""
        made_with = json.dumps(asdict(self.recipe.made_with), sort_keys=True)
        rows = "" if self.rows is None else rows_to_json(self.rows)
        return self.parent_digest, json.dumps(self.recipe.kits), made_with, json.dumps(self.example), rows

    def file_count(self, settings: RenderSettings) -> int:
        """Its tracks and two MIDI files."""
        return len(layout.tracks(settings)) + 2

    def write(self, root: Path, settings: RenderSettings) -> tuple[list[FileEntry], dict[str, Any]]:
        """Augment."""
        drawn = Drawn(self.example, self.drawn_rows(), self.recipe.made_with)
        augmented = augment(self.recipe.origin, self.example, drawn.rows, self.recipe.made_with.device)
        rows = write_tracks(root, self._made(augmented, settings), _blocks(augmented, settings), settings)
        source = opened(self.recipe.origin)
        parent = mapped_midi(source.played(self.example.performance))
        midi = write_midi(root, augmented.performance, parent)
        files = [FileEntry(row["path"], row["content_hash"], row["bytes"]) for row in rows]
        return [*files, *midi], {
            "bank_sha256": bank_sha256(source, self.kit_name),
            "kit_hash": dict(self.recipe.kits)[self.kit_name],
            "rows": rows,
            "performance": performance_content(augmented.performance),
            "midi": midi,
            "augmentations": list(manifest_rows(drawn)),
        }

    def drawn_rows(self) -> tuple[Row, ...]:
        """Return what is done to the example."""
        if self.rows is not None or self.recipe.chain is None:
            return self.rows or ()
        return draw(self.recipe.chain, self.example, _pool(self.recipe.origin), self.recipe.made_with.seed)

    def _made(self, augmented: Augmented, settings: RenderSettings) -> Made:
        """Return what the rows of the manifest say."""
        stems, mixture, gain_db = augmented.tracks
        silent = {name for name, stem in zip(STEM_NAMES, stems, strict=True) if not stem.any()}
        if not mixture.any():
            silent.add(layout.MIXTURE)
        groups = set(layout.tracks(settings)) - {*STEM_NAMES, layout.MIXTURE}
        silent |= {group for group in groups if not stems[list(layout.axes_of(group))].any()}
        return Made(augmented.performance, self.kit_name, len(mixture), augmented.hits, frozenset(silent), gain_db)


def _blocks(augmented: Augmented, settings: RenderSettings) -> Any:
    return augmented.tracks.blocks(block_frames(settings.sample_rate))


@lru_cache(maxsize=1)
def _pool(origin: Origin) -> Pool:
    return pool_of(opened(origin))
