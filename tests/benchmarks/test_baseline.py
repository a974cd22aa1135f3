"""The experiments of the baseline: commands that the command line takes, and what they leave behind as a document."""

from __future__ import annotations

from pathlib import Path

import click
import pytest

from benchmarks.baseline import report
from benchmarks.baseline.plan import GMD, RECORDED, WORK, arguments, load
from benchmarks.baseline.results import Begun, Result
from benchmarks.baseline.ship import shipped_training
from stemgmd_tools.cli.main import stemgmd

FOLDERS = {GMD: Path("/groove"), RECORDED: Path("/kits"), WORK: Path("/work here")}
COMMANDS = [command for one in load().values() for command in one.commands]


@pytest.mark.parametrize("command", dict.fromkeys(COMMANDS))
def test_every_command_is_one_that_there_is(command: str, tmp_path: Path) -> None:
    program, name, *options = arguments(command, {**FOLDERS, WORK: tmp_path, RECORDED: tmp_path})
    assert program == "stemgmd"
    child = stemgmd.get_command(click.Context(stemgmd), name)
    assert child is not None
    for option in options:
        if option.endswith("best.safetensors"):
            Path(option).parent.mkdir(exist_ok=True)
            Path(option).touch()
        elif option.startswith("/") and option.endswith("-kits"):
            Path(option).mkdir()
    child.make_context(name, list(options))


def test_words_for_folders_are_folders() -> None:
    found = arguments("stemgmd evaluate --virtual GMD --kits GMDX --out WORK/one", FOLDERS)
    assert found == ["stemgmd", "evaluate", "--virtual", "/groove", "--kits", "GMDX", "--out", "/work here/one"]


def test_the_weights_that_ship_are_of_a_training() -> None:
    assert shipped_training().command.startswith("stemgmd baseline-train --virtual GMD ")


def test_what_ran_is_told_with_the_commit_that_began_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiments = load()
    name, one = next(iter(experiments.items()))
    monkeypatch.setattr(report, "RESULTS", tmp_path)
    assert report.markdown(experiments).count("Not measured yet.") == len(experiments)
    section = {"title": "Overview", "note": "", "header": ["method", "dB"], "rows": [["mine", "1.5"]]}
    result = Result(one.title, one.text, one.commands, {"processor": "a CPU", "cores": "2"}, "abc", [section])
    result.save(tmp_path / f"{name}.json")
    told = report.markdown(experiments)
    assert "Measured at commit `abc`; a CPU, cores 2." in told
    assert "### Overview\n\n| method | dB |\n| --- | --- |\n| mine | 1.5 |" in told
    assert told.count("Not measured yet.") == len(experiments) - 1


def test_what_goes_on_later_keeps_the_commit_that_began_it(tmp_path: Path) -> None:
    Begun.path(tmp_path / "run").write_text('{"commit": "first", "machine": {}}', encoding="utf-8")
    assert Begun.noted(tmp_path / "run", tmp_path).commit == "first"
    with pytest.raises(FileNotFoundError):
        Begun.of(tmp_path / "other")
