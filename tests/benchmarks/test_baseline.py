"""The experiments of the baseline: commands that the command line takes, and what they leave behind as a document."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from benchmarks.baseline import published, report
from benchmarks.baseline.__main__ import offer
from benchmarks.baseline.plan import GMD, RECORDED, WORK, arguments, load
from benchmarks.baseline.results import RESULTS, ROOT, Begun, Result, commit_of
from benchmarks.baseline.ship import SHIPPED, shipped_training
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.separation.weights.file import REFERENCE
from stemgmd_tools.storage.files import file_sha256

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
        elif option.startswith("/") and option.endswith(("-kits", "-corpus")):
            Path(option).mkdir()
    child.make_context(name, list(options))


def test_words_for_folders_are_folders() -> None:
    parsed = arguments("stemgmd evaluate --virtual GMD --kits GMDX --out WORK/one", FOLDERS)
    assert parsed == ["stemgmd", "evaluate", "--virtual", "/groove", "--kits", "GMDX", "--out", "/work here/one"]


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
    text = report.markdown(experiments)
    assert "Measured at commit `abc`; a CPU, cores 2." in text
    assert "### Overview\n\n| method | dB |\n| --- | --- |\n| mine | 1.5 |" in text
    assert text.count("Not measured yet.") == len(experiments) - 1


def test_a_cell_is_found_by_what_its_row_and_column_say() -> None:
    section = {
        "title": "Overview",
        "note": "",
        "header": ["method", "kits", "dB"],
        "rows": [["a", "x", "1"], ["a", "y", "2"]],
    }
    result = Result("t", "", [], {}, "abc", [section])
    assert result.cell("Overview", "dB", ("a", "y")) == "2"
    for wrong in (("Over", "dB", ("a", "y")), ("Overview", "SDR", ("a", "y")), ("Overview", "dB", ("b", "y"))):
        with pytest.raises(KeyError):
            result.cell(*wrong)


def test_published_figures_stand_beside_what_was_measured() -> None:
    rows = [line.split(" | ") for line in published.markdown().splitlines()[2:]]
    assert len(rows) == len(published.ABSOLUTE) + len(published.ABOVE)
    session = Result.load(RESULTS / "session.json")
    assert rows[0][2] == session.cell("Overview", "nSDR pooled, dB", ("larsnet-s", "heldout"))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository of one commit."""
    folder = tmp_path / "checkout"
    folder.mkdir()
    (folder / "code.py").touch()
    results = folder / RESULTS.relative_to(ROOT) / "session.json"
    results.parent.mkdir(parents=True)
    results.touch()
    for words in ("init -q", "add .", "-c user.name=a -c user.email=a@b.example commit -q -m one"):
        subprocess.run(["git", "-C", str(folder), *words.split()], check=True)
    return folder


def test_what_goes_on_later_keeps_the_commit_that_began_it(tmp_path: Path, checkout: Path) -> None:
    run = tmp_path / "run"
    Begun.path(run).write_text('{"commit": "first", "machine": {}, "of": "this"}', encoding="utf-8")
    assert Begun.noted(run, checkout, "this").commit == commit_of(checkout), "nothing is left of what was begun"
    Begun.path(run).write_text('{"commit": "first", "machine": {}, "of": "this"}', encoding="utf-8")
    run.mkdir()
    assert Begun.noted(run, checkout, "this").commit == "first"
    assert Begun.noted(run, checkout, "other weights") == Begun.read(run)
    assert Begun.read(run).commit == commit_of(checkout)


def test_a_commit_with_changes_is_marked_but_for_results(checkout: Path) -> None:
    (checkout / RESULTS.relative_to(ROOT) / "session.json").write_text("other", encoding="utf-8")
    assert re.fullmatch("[0-9a-f]{12}", commit_of(checkout))
    (checkout / "code.py").write_text("other", encoding="utf-8")
    assert re.fullmatch("[0-9a-f]{12}[+]", commit_of(checkout))


def test_a_recorded_kit_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="has no folder avl_black_pearl, which experiment session tests with"):
        offer(load()["session"], {RECORDED: tmp_path, WORK: tmp_path / "work"})


def test_recorded_kits_are_offered_with_their_maps(tmp_path: Path) -> None:
    experiment = load()["untouched"]
    recorded, work = tmp_path / "recorded", tmp_path / "work"
    for name in experiment.recorded:
        (recorded / name).mkdir(parents=True)
        (recorded / f"{name}.yaml").touch()
    offer(experiment, {RECORDED: recorded, WORK: work})
    offered = work / "untouched-kits"
    assert {one.name for one in offered.iterdir() if one.exists()} == {one.name for one in recorded.iterdir()}
    for name in load()["session"].recorded:
        (recorded / name).mkdir()
    offer(load()["session"], {RECORDED: recorded, WORK: work})
    maps = sorted(one.stem for one in (work / "session-kits").glob("*.yaml") if one.stat().st_size)
    assert maps == sorted(load()["session"].recorded)


def test_a_corpus_is_made_before_it_is_evaluated() -> None:
    first, second = load()["compressed"].commands[-2:]
    assert first.startswith("stemgmd augment --gmd GMD") and first.endswith("--out WORK/compressed-corpus")
    assert second.startswith("stemgmd evaluate WORK/compressed-corpus --max-s 30")


def test_the_weights_that_were_measured_are_those_that_ship() -> None:
    result = Result.load(RESULTS / "session.json")
    (trainings,) = (one for one in result.sections if one["title"] == "Trainings")
    (row,) = (dict(zip(trainings["header"], row, strict=True)) for row in trainings["rows"] if row[0] == SHIPPED)
    assert file_sha256(REFERENCE).startswith(row["SHA-256"])
