"""What is rendered: the Groove MIDI Dataset where there is one, else the starter set."""

from __future__ import annotations

from pathlib import Path

from stemgmd_tools.performances.source import PerformanceSource, find_source
from stemgmd_tools.performances.types import Performance


def source(gmd: Path | None) -> PerformanceSource:
    """Return the collection: the one given, configured or fetched, else the starter set."""
    return find_source(gmd=gmd)


def performances(gmd: Path | None) -> list[Performance]:
    """Return its performances."""
    return source(gmd).read()


def description(collection: PerformanceSource, performances: list[Performance]) -> str:
    """Return one line that says what was rendered."""
    name = {"gmd": "Groove MIDI Dataset", "starter": "Starter set"}.get(collection.kind.value, "MIDI files")
    hours = sum(one.duration_s for one in performances) / 3600
    return f"{name}: {len(performances):,} performances, {hours:.2f} h"
