"""What an experiment found, as it is kept: sections of text that stand in ``docs/baseline.md`` as they are."""

from __future__ import annotations

import importlib.metadata
import json
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from benchmarks.baseline.plan import Experiment
from benchmarks.results import machine
from stemgmd_tools.separation.evaluation.summary import Section, summary
from stemgmd_tools.separation.training.ablate import rows_of as ablation_rows
from stemgmd_tools.separation.weights.file import about_weights
from stemgmd_tools.storage.files import file_sha256

RESULTS = Path(__file__).with_name("results")
ROOT = Path(__file__).resolve().parents[2]
LIBRARIES = ("processor", "cores", "system", "Python", "numpy")
END = "-best"
"""What ``stemgmd evaluate`` adds to the name of a training."""


@dataclass(frozen=True, slots=True)
class Result:
    """One experiment."""

    title: str
    text: str
    commands: list[str]
    machine: dict[str, str]
    commit: str
    sections: list[dict[str, Any]]

    def save(self, path: Path) -> None:
        """Write as JSON."""
        path.parent.mkdir(exist_ok=True)
        path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> Result:
        """Read what :meth:`save` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def cell(self, section: str, column: str, row: Sequence[str]) -> str:
        """Return one cell.

        :param section: its title.
        :param column: its heading.
        :param row: what the first cells of the row say.
        :raises KeyError: if there is no such cell.
        """
        for one in self.sections:
            for cells in one["rows"] if one["title"] == section and column in one["header"] else ():
                if cells[: len(row)] == list(row):
                    return str(cells[one["header"].index(column)])
        raise KeyError((section, column, *row))


class Begun(NamedTuple):
    """With which code and where a training or an evaluation was begun, which may go on with other code."""

    commit: str
    machine: dict[str, str]
    of: str
    """What was begun: the command, and the SHA-256 of the weights it measures."""

    @staticmethod
    def path(folder: Path) -> Path:
        """Return the file beside a folder that tells it."""
        return folder.with_name(f"{folder.name}.begun.json")

    @classmethod
    def read(cls, folder: Path) -> Begun:
        """Read what :meth:`noted` noted."""
        path = cls.path(folder)
        try:
            return cls(**json.loads(path.read_text(encoding="utf-8")))
        except (OSError, TypeError, ValueError) as error:
            sys.exit(f"{path}: does not tell what was begun ({error}); remove it and {folder}, and run again")

    @classmethod
    def noted(cls, folder: Path, checkout: Path, of: str) -> Begun:
        """Note it right before its command, unless the same was begun and has left something in ``folder``."""
        path = cls.path(folder)
        if path.is_file() and folder.is_dir() and cls.read(folder).of == of:
            return cls.read(folder)
        about = {key: value for key, value in machine().items() if key in LIBRARIES}
        begun = cls(commit_of(checkout), {**about, "torch": importlib.metadata.version("torch")}, of)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(begun._asdict()), encoding="utf-8")
        return begun


def result_of(experiment: Experiment, work: Path, begun: Begun) -> Result:
    """Distil what the commands of an experiment left behind."""
    sections_of_run = [_ablation(work / experiment.name)] if experiment.ablate else list(_evaluation(experiment, work))
    sections = [section._asdict() for section in sections_of_run]
    return Result(experiment.title, experiment.text, experiment.commands, begun.machine, begun.commit, sections)


def commit_of(folder: Path) -> str:
    """Return the commit of a checkout, with a plus if files in it differ, results apart; ``unknown`` without git."""
    if not (folder / ".git").exists():
        return "unknown"

    def git(*words: str) -> str:
        return subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True, check=True).stdout

    changed = git("status", "--porcelain", "--untracked-files=no", "--", ".", f":!{RESULTS.relative_to(ROOT)}").strip()
    return git("rev-parse", "--short=12", "HEAD").strip() + ("+" if changed else "")


def _evaluation(experiment: Experiment, work: Path) -> Iterator[Section]:
    if experiment.trainings:
        rows = [_training(work / one.name) for one in experiment.trainings]
        note = "Validation is through the kits of each training: figures of different kits do not compare."
        yield Section("Trainings", note, ("weights", "steps", "minutes", "validation, dB", "SHA-256", "commit"), rows)
    table = pd.read_parquet(work / experiment.name / "evaluation.parquet")
    table["method"] = table["method"].astype(str).str.removesuffix(END)
    trained = [one.name for one in experiment.trainings]
    others = [name for name in dict.fromkeys(table["method"]) if name not in trained]
    yield from summary(table, [*others, *trained])


def _training(run: Path) -> tuple[str, ...]:
    """Return the row of a training."""
    path = run / "best.safetensors"
    about = about_weights(path)
    log = pd.read_csv(run / "log.csv")
    return (
        run.name,
        f"{int(log['step'].max()):,} (best: {about['step']:,})",
        f"{log['time_s'].max() / 60.0:.0f}",
        f"{about['validation_db']['score']:.2f}",
        file_sha256(path)[:16],
        Begun.read(run).commit,
    )


def _ablation(folder: Path) -> Section:
    table = pd.read_csv(folder / "ablation.csv", dtype={"variant": str})
    return Section("nSDR", "", *ablation_rows(table))
