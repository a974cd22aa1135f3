"""The share of original mixes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.studies.cacophony import FAMILY, SOURCE, mixed
from benchmarks.studies.grid import grid_study
from benchmarks.studies.study import Context
from stemgmd_tools.separation.training.ablate import Variant

SHARES = (1.0, 0.9, 0.5, 0.1, 0.0)


def variants(_: Context) -> Sequence[Variant]:
    """Return a variant for each share."""
    return [mixed(f"p={share:g}", {"p_original": share}) for share in SHARES]


STUDY = grid_study(
    "Share of original mixes",
    "`p` is the probability that a training mix is an original one; stems of the others come from anywhere.",
    f"{SOURCE}, mixing probabilities",
    FAMILY,
    variants,
    x="probability of an original mix",
    lines=True,
)
