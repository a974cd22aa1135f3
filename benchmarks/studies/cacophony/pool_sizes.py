"""The number of different random mixes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.studies.cacophony import FAMILY, SOURCE, mixed, random
from benchmarks.studies.grid import grid_study
from benchmarks.studies.study import Context
from stemgmd_tools.separation.training.ablate import Variant

PERCENTAGES = (0.1, 1.0, 3.0, 10.0)


def pooled(context: Context, percentage: float) -> Variant:
    """Return the variant with a pool that holds a percentage of all mixes that a training uses."""
    size = max(round(percentage / 100.0 * context.size.items), 1)
    return mixed(f"R={percentage:g}", {"p_original": 0.0, "pool_size": size})


def variants(context: Context) -> Sequence[Variant]:
    """Return random mixes that never repeat, and a variant for each pool."""
    return [random(), *(pooled(context, percentage) for percentage in reversed(PERCENTAGES))]


STUDY = grid_study(
    "Size of the pool of random mixes",
    "`R` is the number of different random mixes in percent of all that a training uses; `p=0` is 100 %: none repeats.",
    f"{SOURCE}, pools of random mixes",
    FAMILY,
    variants,
    x="pool, % of the mixes of a training",
    lines=True,
)
