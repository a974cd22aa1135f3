"""The experiments: read from ``experiments.yaml``, turned into commands."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import yaml

EXPERIMENTS = Path(__file__).with_name("experiments.yaml")
GMD, RECORDED, WORK = "GMD", "RECORDED", "WORK"
"""Words that stand for folders in the options of commands."""


class Training(NamedTuple):
    """A run of ``stemgmd baseline-train``."""

    name: str
    options: str

    @property
    def command(self) -> str:
        """The command, folders as words."""
        return f"stemgmd baseline-train --virtual {GMD} {self.options} --out {self.folder}"

    @property
    def folder(self) -> str:
        """The run, folders as words."""
        return f"{WORK}/{self.name}"

    @property
    def weights(self) -> str:
        """The file it leaves, folders as words."""
        return f"{self.folder}/best.safetensors"


class Experiment(NamedTuple):
    """One table of results: an evaluation of trained models and other methods, or an ablation."""

    name: str
    title: str
    text: str
    """What it shows and how: a paragraph of Markdown."""
    trainings: tuple[Training, ...]
    """In the order of the table; the last is the one that others are compared with."""
    evaluate: str | None
    """Options of ``stemgmd evaluate``."""
    augment: str | None
    """Options of ``stemgmd augment``, whose corpus is evaluated instead of clips as they are rendered."""
    ablate: str | None
    """Options of ``stemgmd baseline-train --ablate``."""
    recorded: tuple[str, ...]
    """Recorded kits that are tested with, too."""

    @property
    def command(self) -> str:
        """The command that measures, folders as words."""
        if self.ablate is not None:
            return f"stemgmd baseline-train --virtual {GMD} {self.ablate} --out {WORK}/{self.name}"
        source = f"--virtual {GMD}" if self.augment is None else self.corpus
        kits = f" --test-kits {self.test_kits}" if self.recorded else ""
        weights = "".join(f" --weights {one.weights}" for one in self.trainings)
        evaluation = f"stemgmd evaluate {source} {self.evaluate}{kits}{weights}"
        return f"{evaluation} --no-page --jobs 2 --out {WORK}/{self.name}"

    @property
    def preparation(self) -> str | None:
        """The command that makes the corpus to evaluate, if one is made, folders as words."""
        return None if self.augment is None else f"stemgmd augment --gmd {GMD} {self.augment} --out {self.corpus}"

    @property
    def corpus(self) -> str:
        """The folder of this corpus, folders as words."""
        return f"{WORK}/{self.name}-corpus"

    @property
    def commands(self) -> list[str]:
        """All commands in order, folders as words."""
        prepared = [] if self.preparation is None else [self.preparation]
        return [*(one.command for one in self.trainings), *prepared, self.command]

    @property
    def test_kits(self) -> str:
        """The folder of the recorded kits to test with, folders as words."""
        return f"{WORK}/{self.name}-kits"


def load(path: Path = EXPERIMENTS) -> dict[str, Experiment]:
    """Return the experiments by name, in the order of the file."""
    content = yaml.safe_load(path.read_text(encoding="utf-8"))
    trainings = {name: Training(name, " ".join(options.split())) for name, options in content["trainings"].items()}
    return {name: _experiment(name, entry, trainings) for name, entry in content["experiments"].items()}


def _experiment(name: str, entry: Mapping[str, object], trainings: Mapping[str, Training]) -> Experiment:
    def words(key: str) -> tuple[str, ...]:
        return tuple(str(entry.get(key) or "").split())

    def options(key: str) -> str | None:
        return " ".join(str(entry[key]).split()) if key in entry else None

    return Experiment(
        name,
        str(entry["title"]),
        " ".join(str(entry["text"]).split()),
        tuple(trainings[one] for one in words("weights")),
        options("evaluate"),
        options("augment"),
        options("ablate"),
        words("recorded"),
    )


def arguments(command: str, folders: Mapping[str, Path]) -> Sequence[str]:
    """Return a command's arguments, folders in place of the words for them."""
    parts = []
    for part in shlex.split(command):
        head, _, tail = part.partition("/")
        parts.append(str(folders[head] / tail) if head in folders else part)
    return parts
