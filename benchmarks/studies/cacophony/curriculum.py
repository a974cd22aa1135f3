"""Random mixes first and original ones later, and the reverse."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.studies.cacophony import FAMILY, SOURCE, mixed, original, random
from benchmarks.studies.grid import grid_study
from benchmarks.studies.study import Context
from stemgmd_tools.separation.training.ablate import Variant


def variants(context: Context) -> Sequence[Variant]:
    """Return one kind of mix throughout, both at random, and one after the other."""
    half = max(context.size.items // 2, 1)

    def then(first: float, second: float) -> dict[str, object]:
        return {"p_original": first, "curriculum": [{"from_mix": half, "p_original": second}]}

    return [
        original(),
        random(),
        mixed("p=0.5", {"p_original": 0.5}),
        mixed("random, then original", then(0.0, 1.0)),
        mixed("original, then random", then(1.0, 0.0)),
    ]


STUDY = grid_study(
    "A curriculum of mixes",
    "Original mixes (`p=1`), random mixes (`p=0`), both in equal shares (`p=0.5`), and one kind in the first half of "
    "the training and the other in the second.",
    SOURCE,
    FAMILY,
    variants,
    x="mixes",
)
