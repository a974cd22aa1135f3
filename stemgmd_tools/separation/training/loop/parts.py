"""The parts of a corpus that a training uses."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.performances.lists.keep import KeepList
from stemgmd_tools.performances.types import Performance


@dataclass(frozen=True)
class CorpusPart(Corpus):
    """A part of a corpus: selected performances and kits."""

    names: frozenset[str] = frozenset()
    kit_names: frozenset[str] = frozenset()
    keep: KeepList | None = None
    """Clips of the part; None: all."""

    def manifest(self, name: str) -> pd.DataFrame:
        """Return the rows of a manifest that belong to this part."""
        rows = super().manifest(name)
        for column, selected in (("performance", self.names), ("kit", self.kit_names)):
            if column in rows:
                rows = rows[rows[column].isin(selected)]
        if self.keep is not None and {"performance", "kit"} <= set(rows):
            rows = rows[list(map(self.keep.allows, rows["performance"], rows["kit"]))]
        return rows.reset_index(drop=True)

    def kits_of(self, performance: str) -> tuple[str, ...]:
        """Return the kits of this part with which a performance is rendered, ascending."""
        return tuple(
            kit
            for kit in super().kits_of(performance)
            if kit in self.kit_names and (self.keep is None or self.keep.allows(performance, kit))
        )


def listed_performances(performances: Sequence[Performance], keep: KeepList, kits: Sequence[Kit]) -> list[Performance]:
    """Return the performances of a list of clips.

    :raises UsageError: if one is listed with some of the kits only, which a virtual corpus cannot hold, or none is.
    """
    chosen = []
    for performance in performances:
        allowed = [keep.allows(performance.id, kit.name) for kit in kits]
        if any(allowed) and not all(allowed):
            missing = kits[allowed.index(False)].name
            raise UsageError(
                f"data.keep: {performance.id} is listed without kit {missing}; with a rendered corpus (data.corpus) a "
                "list may name some kits of a performance"
            )
        if any(allowed):
            chosen.append(performance)
    if not chosen:
        raise UsageError("data.keep: lists no performance of this source through its kits; give another list")
    return chosen
