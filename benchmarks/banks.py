"""Building banks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from benchmarks.clock import median, once
from benchmarks.reading import own_cache
from benchmarks.results import Row
from stemgmd_tools.kits.bank.cache import bank_folder, open_bank
from stemgmd_tools.kits.library import load_kit

BUILD_REACH_S = 25.0
SIZE_REACH_MB = 250.0


def rows(names: Sequence[str]) -> list[Row]:
    """Build the named kits' banks in an empty cache, one after the other."""
    timings, sizes = [], []
    with own_cache():
        for name in names:
            kit = load_kit(name)
            timings.append(once(lambda kit=kit: open_bank(kit)))
            sizes.append(size_mb(bank_folder(kit)))
    worst = max(range(len(names)), key=lambda index: timings[index].cpu_s)
    cost = median(timings)
    return [
        Row(
            "build a kit's bank, one core",
            cost.cpu_s,
            "s",
            at_most=BUILD_REACH_S,
            note=f"CPU time, median of {len(names)}; most: {names[worst]} {timings[worst].cpu_s:.1f} s",
        ),
        Row("size of a kit's bank, largest", max(sizes), "MB", at_most=SIZE_REACH_MB, note=f"of {len(names)}"),
    ]


def size_mb(folder: Path) -> float:
    """Return the size of all files of a folder."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file()) / 1e6
