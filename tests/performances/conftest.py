"""Performances the tests share."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import pytest

from stemgmd_tools.data import shipped
from stemgmd_tools.performances import Performance, read_gmd
from stemgmd_tools.performances.smf.file import DrumEvents, read_events


@pytest.fixture(scope="session")
def starter_dir() -> Path:
    """Return the folder of the starter set."""
    return shipped("manifests") / "starter"


@pytest.fixture(scope="session")
def starter(starter_dir: Path) -> list[Performance]:
    """Return the starter set, parsed anew."""
    return read_gmd(starter_dir, use_cache=False)


class RealGmd(NamedTuple):
    """The real dataset, parsed once per test session."""

    performances: list[Performance]
    events: dict[str, DrumEvents]
    """The parsed events of each file, by path."""
    cache: Path
    """The cache folder the parse went into."""


@pytest.fixture(scope="session")
def real_gmd(gmd_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> RealGmd:
    """Parse the real dataset (some seconds)."""
    cache = tmp_path_factory.mktemp("gmd-cache")
    events: dict[str, DrumEvents] = {}

    def recorded(data: bytes, where: str) -> DrumEvents:
        events[where] = read_events(data, where)
        return events[where]

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STEMGMD_CACHE", str(cache))
        patch.setattr("stemgmd_tools.performances.gmd.dataset.read_events", recorded)
        performances = read_gmd(gmd_dir)
    return RealGmd(performances, events, cache)


@pytest.fixture(scope="session")
def gmd(real_gmd: RealGmd) -> list[Performance]:
    """Return the performances of the real dataset."""
    return real_gmd.performances
