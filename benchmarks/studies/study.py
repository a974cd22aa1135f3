"""What a study is: its grid, what it found, and the sizes it is run at."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from stemgmd_tools.runtime.progress import Progress, Silent
from stemgmd_tools.separation.evaluation.summary import Section
from stemgmd_tools.separation.training.ablate import Variant
from stemgmd_tools.separation.training.settings.files import load_config, overlaid
from stemgmd_tools.separation.training.settings.schema import TrainConfig

PACKAGE = Path(__file__).parent


class Size(NamedTuple):
    """How much is trained and evaluated."""

    name: str
    steps: int
    """Optimizer steps of each training."""
    seeds: int
    """Trainings of each variant."""
    performances: int
    """Test performances, evenly spaced."""
    max_s: float
    """Maximum length of an evaluated clip."""
    settings: Mapping[str, Any]
    """Settings of all trainings, on top of the preset ``cpu``."""

    @property
    def items(self) -> int:
        """Segments that a training uses."""
        return self.steps * self.config(0).optimizer.items

    def config(self, seed: int, changes: Mapping[str, Any] | None = None, gmd: Path | None = None) -> TrainConfig:
        """Return the settings of a training.

        :param changes: nested, on top of the size's.
        :param gmd: performances; None: as for ``stemgmd render``.
        """
        own: dict[str, Any] = {"seed": seed, "budget": {"steps": self.steps}}
        if gmd is not None:
            own["data"] = {"gmd": str(gmd)}
        return load_config(preset="cpu", changes=overlaid(overlaid(self.settings, own), changes or {}))


DEFAULT = Size(
    "default",
    steps=1200,
    seeds=3,
    performances=12,
    max_s=20.0,
    settings={
        "model": {"name": "larsnet-s", "options": {"width": 16, "temporal": 72}},
        "optimizer": {"items": 4},
        "validation": {"items": 24, "every_steps": 200},
    },
)
TOY = Size(
    "toy",
    steps=2,
    seeds=2,
    performances=2,
    max_s=1.0,
    settings={
        "model": {"name": "larsnet-s", "options": {"width": 4, "temporal": 8, "window": 512, "hop": 256}},
        "data": {
            "kits": ["birch_room", "cedar_hall"],
            "test_kits": ["meadow_barn"],
            "segment_s": 0.5,
            "min_active": {},
            "workers": 0,
        },
        "optimizer": {"items": 4},
        "validation": {"items": 2, "every_steps": 1},
        "saving": {"every_steps": 1},
        "precision": "fp32",
    },
)
SIZES = {size.name: size for size in (DEFAULT, TOY)}


class Context(NamedTuple):
    """What a study is run with."""

    size: Size
    work: Path
    """Folder of all runs."""
    seeds: int
    """Number of seeds, from 0."""
    gmd: Path | None = None
    """Performances; None: as for ``stemgmd render``."""
    results: Path = PACKAGE / "results"
    """Folder of the results."""
    progress: Progress = Silent()

    def folder(self, family: str, seed: int) -> Path:
        """Return the folder of the trainings of a family and seed."""
        return self.work / self.size.name / family / f"seed-{seed}"

    def config(self, seed: int, changes: Mapping[str, Any] | None = None) -> TrainConfig:
        """Return the settings of a training."""
        return self.size.config(seed, changes, self.gmd)


class Series(NamedTuple):
    """A line, or bars of one colour."""

    name: str
    """Empty: without a legend."""
    values: Sequence[float]
    """One for each tick; NaN where there is none."""
    low: Sequence[float] = ()
    """Lower ends of the intervals; empty: without intervals."""
    high: Sequence[float] = ()


class Chart(NamedTuple):
    """The picture of a study: values over variants."""

    x: str
    """Label of the axis of the variants."""
    y: str
    """Label of the axis of the values, with the unit."""
    ticks: Sequence[str]
    """The variants."""
    series: Sequence[Series]
    lines: bool = False
    """Lines over ordered variants; else horizontal bars."""


class Outcome(NamedTuple):
    """What was found."""

    sections: Sequence[Section]
    chart: Chart


class Job(NamedTuple):
    """A part of a study, to estimate how long it takes."""

    name: str
    config: TrainConfig | None
    """Settings of the training; None: nothing is trained."""
    changes: str = ""
    """What the settings differ in."""
    evaluated_s: float = 0.0
    """Seconds of audio that are separated by the model."""
    other_s: float = 0.0
    """Seconds of anything else."""
    times: int = 1
    """How often it is done: once for each seed."""


class Study(NamedTuple):
    """One experiment."""

    title: str
    text: str
    """What it shows and how: a paragraph of Markdown."""
    source: str
    """The publication that it follows, and where in it."""
    family: str
    """Studies of one family share trainings."""
    jobs: Callable[[Context], Sequence[Job]]
    """Returns the grid."""
    run: Callable[[Context], Iterator[Outcome]]
    """Yields what was found, again and more completely after each seed."""


Variants = Callable[[Context], Sequence[Variant]]


def studies() -> dict[str, Study]:
    """Return all studies by name."""
    known = {}
    for package in sorted(path.parent.name for path in PACKAGE.glob("*/__init__.py")):
        for entry in pkgutil.iter_modules([str(PACKAGE / package)]):
            study = getattr(importlib.import_module(f"benchmarks.studies.{package}.{entry.name}"), "STUDY", None)
            if isinstance(study, Study):
                known[entry.name.replace("_", "-")] = study
    return known
