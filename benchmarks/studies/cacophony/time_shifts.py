"""Shifts in time between the stems of training mixes."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.studies.cacophony import FAMILY, SOURCE, mixed, original
from benchmarks.studies.grid import grid_study
from benchmarks.studies.study import Context
from stemgmd_tools.separation.training.ablate import Variant

SHIFTS_S = (0.03, 0.1, 0.3, 1.0)


def variants(_: Context) -> Sequence[Variant]:
    """Return original mixes, mixes with shifted stems, and stems from anywhere in the performance."""
    aligned = {"p_original": 0.0, "scope": "aligned"}
    shifted = [mixed(f"{shift_s:g} s", {**aligned, "time_shift_s": shift_s}) for shift_s in SHIFTS_S]
    return [original(), *shifted, mixed("any place", {"p_original": 0.0, "scope": "same_performance"})]


STUDY = grid_study(
    "Time shifts in training",
    "Each stem of a training mix is shifted by a random time, up to that named, earlier or later. `p=1` is without "
    "shifts; with `any place` every stem comes from a place of its own of the same performance and kit.",
    f"{SOURCE}, time shifts in training",
    FAMILY,
    variants,
    x="greatest shift of a stem",
    lines=True,
)
