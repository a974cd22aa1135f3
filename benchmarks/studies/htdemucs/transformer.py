"""Width, dimension and depth of HT Demucs' transformer, one apart from the other."""

from __future__ import annotations

from collections.abc import Sequence

from benchmarks.studies.grid import grid_study
from benchmarks.studies.htdemucs import FAMILY, SOURCE
from benchmarks.studies.study import DEFAULT, Context
from stemgmd_tools.separation.training.ablate import Variant

GRID: dict[str, dict[str, int | float]] = {
    "base": {},
    "wider": {"width": 12, "dimension": 64},
    "larger-dimension": {"dimension": 96},
    "deeper": {"layers": 5},
    "sparse": {"sparsity": 0.9},
}
"""Options of each variant, on top of the base's."""


def variants(context: Context) -> Sequence[Variant]:
    """Return the networks."""
    width = 8 if context.size == DEFAULT else 4
    base: dict[str, int | float] = {"width": width, "heads": 4, "layers": 3}
    scaled = {name: {key: _scaled(key, value, width) for key, value in own.items()} for name, own in GRID.items()}
    return [
        Variant(f"transformer-{name}", {"model": {"name": "htdemucs-s", "options": {**base, **own}}})
        for name, own in scaled.items()
    ]


def _scaled(name: str, value: float, width: int) -> int | float:
    """Return an option for a base of another width than 8."""
    return int(value) * width // 8 if name in ("width", "dimension") else value


STUDY = grid_study(
    "Width, dimension, depth and sparsity of the transformer",
    "A small `htdemucs-s` (`width` 8, a transformer of 64 features and 3 layers) beside one with half as many channels "
    "again around the same transformer, one with a transformer of 96 features, one with 5 layers, and one with sparse "
    "attention. The published sizes have 26.9, 34.0 and 41.4 M parameters ([training.md](training.md#models)).",
    f"{SOURCE}, table 2",
    FAMILY,
    variants,
    x="network",
)
