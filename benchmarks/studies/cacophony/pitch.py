"""Consistent and inconsistent pitch shifts of training mixes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.studies.cacophony import FAMILY, SOURCE, mixed, original
from benchmarks.studies.grid import grid_study
from benchmarks.studies.study import Context
from stemgmd_tools.separation.training.ablate import Variant

CENTS = (100.0, 300.0)


def variants(_: Context) -> Sequence[Variant]:
    """Return original mixes without shifts, and with each kind and size of shift."""
    shifted = [
        mixed(
            f"{pitch} {cents / 100:g} st",
            {"p_original": 0.0, "scope": "aligned", "pitch": pitch, "cents": cents},
        )
        for pitch in ("consistent", "inconsistent")
        for cents in CENTS
    ]
    return [original(), *shifted]


STUDY = grid_study(
    "Pitch shifts in training",
    "Original mixes (`p=1`) whose stems are shifted in pitch by up to so many semitones, up or down: all stems alike "
    "(`consistent`), or each by itself (`inconsistent`).",
    f"{SOURCE}, pitch shifts",
    FAMILY,
    variants,
    x="pitch shift",
)
