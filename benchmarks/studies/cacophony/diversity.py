"""Fewer performances and kits beside fewer mixes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.studies.cacophony import FAMILY, SOURCE, mixed, random
from benchmarks.studies.cacophony.pool_sizes import pooled
from benchmarks.studies.grid import grid_study
from benchmarks.studies.study import Context
from stemgmd_tools.separation.training.ablate import Variant
from stemgmd_tools.separation.training.loop.data import open_data

MIX = {"p_original": 0.0}
FEW_PERCENT = 3.0
"""Of 3,000 hours of mixes, 90."""


def variants(context: Context) -> Sequence[Variant]:
    """Return random mixes of everything, few of these, and random mixes of halves."""
    data = open_data(context.config(0).data)
    performances, kits = max(len(data.splits.train) // 2, 1), list(data.kits[::2])
    return [
        random(),
        pooled(context, FEW_PERCENT),
        mixed("half-performances", MIX, limit=performances),
        mixed("half-kits", MIX, kits=kits),
        mixed("half-both", MIX, limit=performances, kits=kits),
    ]


STUDY = grid_study(
    "Diversity of sources or number of mixes",
    "Random mixes of all performances and kits that never repeat (`p=0`), a pool of 3 % of them (`R=3`), and random "
    "mixes of every second performance, of every second kit, and of both, which never repeat.",
    f"{SOURCE}, number of songs",
    FAMILY,
    variants,
    x="sources of the mixes",
)
