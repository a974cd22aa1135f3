"""What the page shows of a corpus: its clips in detail and its kits."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.explore.clips import ClipTable
from stemgmd_tools.explore.sound import PART_S, Sounds
from stemgmd_tools.kits.library import load_kit, search_path
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.version import __version__

_AXIS: Final = {piece.value: piece.axis for piece in PIECES}
_EFFECT_COLUMNS: Final = ("step", "line", "effect", "scope", "stem", "parameters", "chain")


class ExploredCorpus:
    """A corpus as the page shows it.

    :param parents: the corpus that an augmented one was made from, to compare examples with their sources.
    :param flags: as for :class:`ClipTable`.
    :param kit_path: folders searched for the kits of a corpus on disk, for their pages.
    """

    def __init__(
        self,
        source: StemSource,
        *,
        parents: StemSource | None = None,
        flags: pd.DataFrame | None = None,
        kit_path: Sequence[Path] = (),
    ) -> None:
        """Build the tables."""
        self.source = source
        self.clips = ClipTable(source, flags)
        self.sounds = Sounds(source)
        self.parent_sounds = None if parents is None else Sounds(parents)
        self._parents = parents
        self._kit_path = search_path(kit_path)
        self._hits = source.hits.sort_values(["performance", "index"], kind="stable").reset_index(drop=True)
        self._hits_of = _slices(self._hits["performance"])
        self._effects = _effects(source)

    @property
    def title(self) -> str:
        """The name of the corpus."""
        return self.source.root.name if isinstance(self.source, Corpus) else repr(self.source)

    def overview(self) -> dict[str, Any]:
        """Return what the page needs before it shows any clip."""
        return {
            "title": self.title,
            "version": __version__,
            "sample_rate": self.source.sample_rate,
            "bit_depth": self.source.bit_depth,
            "part_s": PART_S,
            "pieces": list(_AXIS),
            "facets": self.clips.facets(),
        }

    def clip(self, performance: str, kit: str, part: int) -> dict[str, Any]:
        """Return everything about a part of a clip but its sound.

        :raises UsageError: if there is no such clip or part.
        """
        row = self.clips.row(performance, kit)
        frames = self.sounds.length(performance, kit)
        start = part * self.sounds.part_frames
        return {
            "row": row,
            "part": part,
            "parts": max(1, -(-frames // self.sounds.part_frames)),
            "frames": min(self.sounds.part_frames, frames - start),
            "start_s": part * PART_S,
            "length_s": frames / self.source.sample_rate,
            "peaks": self.sounds.peaks(performance, kit, part),
            "hits": self._hits_in(performance, start),
            "effects": self._effects.get((performance, kit), []),
            "source": self.parent(performance, kit),
        }

    def _hits_in(self, performance: str, start: int) -> list[list[Any]]:
        """Return time in the part in s, axis, articulation, velocity and openness of the hits of a part."""
        rows = self._hits.iloc[self._hits_of.get(performance, slice(0, 0))]
        frames = rows["frame"].to_numpy(np.int64) - start
        rows, frames = rows[inside := (frames >= 0) & (frames < self.sounds.part_frames)], frames[inside]
        return [
            [
                round(frame / self.source.sample_rate, 5),
                _AXIS[piece],
                articulation,
                velocity,
                None if pd.isna(open_by) else open_by,
            ]
            for frame, piece, articulation, velocity, open_by in zip(
                frames.tolist(),
                *(rows[name].tolist() for name in ("piece", "articulation", "velocity", "openness")),
                strict=True,
            )
        ]

    def parent(self, performance: str, kit: str) -> dict[str, str] | None:
        """Return performance and kit of the source of an example; None without ``parents``."""
        effects = self._effects.get((performance, kit))
        if self._parents is None or not effects:
            return None
        name = effects[0]["parent"]
        present = set(self._parents.performances["performance"])
        if name not in present or kit not in self._parents.kits_of(name):
            return None
        return {"performance": name, "kit": kit}

    def kit(self, name: str) -> Kit:
        """Return a kit of the corpus.

        :raises StemgmdError: if the corpus has no such kit, or this computer has none of its content.
        """
        if name not in self.source.kit_splits:
            raise UsageError(f"kit {name!r}: not in this corpus")
        if isinstance(self.source, VirtualCorpus):
            return self.source.kit(name)
        kit = load_kit(name, self._kit_path)
        if isinstance(self.source, Corpus) and self.source.identity.kits.get(name) not in {None, kit.key}:
            raise KitError(f"kit {name!r}: the kit of this name here differs from that of the corpus; see --kit-path")
        return kit


def _slices(names: pd.Series) -> dict[str, slice]:
    """Return where the rows of each name lie in a sorted column."""
    values = names.to_numpy(object)
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]]) if len(values) else np.zeros(0, np.int64)
    ends = np.r_[starts[1:], len(values)]
    return {str(values[start]): slice(start, end) for start, end in zip(starts.tolist(), ends.tolist(), strict=False)}


def _effects(source: StemSource) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Return the rows of the manifest ``augmentations`` by performance and kit; empty for a corpus without."""
    if not isinstance(source, Corpus) or source.identity.augmentation is None:
        return {}
    rows: dict[tuple[str, str], list[dict[str, Any]]] = {}
    frame = source.manifest("augmentations").sort_values(["performance", "kit", "step", "line"], kind="stable")
    for row in frame[["performance", "kit", "parent", *_EFFECT_COLUMNS]].to_dict("records"):
        plain = {str(name): None if pd.isna(value) else value for name, value in row.items()}
        plain["parameters"] = json.loads(plain["parameters"] or "{}")
        rows.setdefault((str(plain["performance"]), str(plain["kit"])), []).append(plain)
    return rows
