"""One fixed random mix per song."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.studies.cacophony import FAMILY, SOURCE, mixed, original, random
from benchmarks.studies.grid import grid_study
from benchmarks.studies.study import Context
from stemgmd_tools.separation.training.ablate import Variant


def variants(_: Context) -> Sequence[Variant]:
    """Return original mixes, fixed mixes of songs, and mixes drawn for each chunk."""
    return [original(), mixed("song", {"p_original": 0.0, "level": "song"}), random()]


STUDY = grid_study(
    "Fixed random mixes of songs",
    "A song is a performance through a kit. `p=1`: as it was played. `song`: its stems come from other songs, always "
    "the same. `p=0`: the stems of every chunk are drawn anew.",
    f"{SOURCE}, Table 1",
    FAMILY,
    variants,
    x="mixes",
)
