"""A share of the torture benchmark: kills and damaged inputs find nothing; and what is wrong would be found."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from benchmarks.torture import report
from benchmarks.torture.codecs import SafetensorsHeader, Sealed
from benchmarks.torture.inputs import run_inputs
from benchmarks.torture.loaders import Loader
from benchmarks.torture.mutate import damage, edited
from benchmarks.torture.results import Tally
from benchmarks.torture.worker import smallest
from stemgmd_tools.errors import StemgmdError

SEED = 1
KILLS, INPUTS = 20, 2_500
"""The share, in trials; it is never bounded by time."""
NEVER = float("inf")


def findings(tally: Tally) -> dict[str, dict[str, list[int]]]:
    return {line.name: line.findings for line in tally.lines() if line.findings}


def _in_a_process_of_its_own(*arguments: str) -> str:
    """Run Python there, since commands are forked from it: this one may have threads that hold locks."""
    done = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False)
    assert not done.returncode, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_killed_commands_and_damaged_inputs_show_nothing(tmp_path: Path) -> None:
    share = ("--minutes", "inf", "--seed", str(SEED), "--kills", str(KILLS), "--inputs", str(INPUTS))
    results = tmp_path / "torture.json"
    _in_a_process_of_its_own("-m", "benchmarks.torture", *share, "--work", str(tmp_path), "--out", str(results))
    tally = Tally(results, SEED)
    assert findings(tally) == {}
    kinds = Counter(line.kind for line in tally.lines() if line.trials)
    assert set(kinds) == {"kills", "inputs"} and min(kinds.values()) > 5
    for kind, least in (("kills", KILLS), ("inputs", INPUTS)):
        assert sum(line.trials for line in tally.lines() if line.kind == kind) >= least


def _raise(error: BaseException) -> object:
    raise error


def _fill(path: Path) -> object:
    return [bytearray(1 << 28) for _ in range(8)]


def _loop(path: Path) -> object:
    while True:
        pass


FAULTS = {
    "a bug": (lambda path: {}["x"], "KeyError in the loader"),
    "several lines": (lambda path: _raise(_WordyError("a\nb")), "several lines in the loader"),
    "a long line": (lambda path: _raise(_WordyError("a" * 301)), "more than 300 characters in the loader"),
    "too much memory": (_fill, "MemoryError in the loader"),
    "an end of the process": (lambda path: os._exit(3), "the process ends: exit code 3"),
    "no end": (_loop, "the process ends: computes without end"),
    "a file elsewhere": (lambda path: Path("/tmp/outside").write_text(""), "WrongError in the loader"),
}


class _WordyError(StemgmdError):
    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)


@pytest.mark.parametrize("fault", FAULTS)
def test_what_a_loader_may_not_do_is_found(fault: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if fault == "no end":
        monkeypatch.setattr("benchmarks.torture.worker.CPU_S", 2.0)
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"content of a file")
    call, words = FAULTS[fault]
    tally = Tally(tmp_path / "torture.json", SEED)
    loader = Loader("bad", (tmp_path / "in" / "file",), call)
    run_inputs([loader], tally, trials=2, seed=SEED, jobs=1, deadline=NEVER, folder=tmp_path / "findings")
    (line,) = tally.lines()
    assert line.trials == 2
    assert {name: len(numbers) for name, numbers in line.findings.items()} == {words: 2}


def test_another_result_than_the_checksum_promises_is_found(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"content of a file")
    tally = Tally(tmp_path / "torture.json", SEED)
    loader = Loader("blind", (tmp_path / "in" / "file",), lambda path: path.read_bytes(), promised=repr)
    run_inputs([loader], tally, trials=5, seed=SEED, jobs=1, deadline=NEVER, folder=tmp_path / "findings")
    assert list(findings(tally)["blind"]) == ["another result than the checksum promises"]
    assert len(list((tmp_path / "findings").iterdir())) == 1


def test_a_run_goes_on_where_it_was(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "file").write_bytes(b"content of a file")
    loader = Loader("sound", (tmp_path / "in" / "file",), lambda path: path)
    for trials in (30, 70):
        tally = Tally(tmp_path / "torture.json", SEED)
        run_inputs([loader], tally, trials=trials, seed=SEED, jobs=1, deadline=NEVER, folder=tmp_path)
    assert [line.trials for line in Tally(tmp_path / "torture.json", SEED).lines()] == [70]
    with pytest.raises(SystemExit, match="is of seed 1"):
        Tally(tmp_path / "torture.json", SEED + 1)
    assert "sound" in report.text(list(tally.lines()))


WRONG = """
import sys
from pathlib import Path
from benchmarks.torture.commands import OUT, Command
from benchmarks.torture.kills import faults, undisturbed

if __name__ == "__main__":
    trial, cache = Path(sys.argv[1]) / "trial", Path(sys.argv[1]) / "cache"
    command = Command("kits make", ("kits", "make", "--out", f"{OUT}/out"))
    expected = undisturbed(command, trial, cache)
    other = Command("kits make", (*command.words, "--seed", "1"))
    print(faults(other, 0, 1, expected, trial, cache)[1])
    failing = Command("kits make", ("kits", "make", "--count", "0", "--out", f"{OUT}/out"))
    print(faults(failing, 0, 1, expected, trial, cache)[1])
"""


def test_what_a_killed_command_leaves_is_found(tmp_path: Path) -> None:
    program = tmp_path / "wrong.py"
    program.write_text(WRONG, encoding="utf-8")
    other, failing = _in_a_process_of_its_own(str(program), str(tmp_path)).splitlines()
    assert "another result after a kill" in other
    assert "fails after a kill" in failing


def test_edits_are_drawn_made_and_left_out() -> None:
    content = b'{"a": 12, "b": [1.5, "word"]}\n' * 20
    for text in (False, True):
        drawn = [damage(content, np.random.default_rng(number), text=text) for number in range(300)]
        assert sum(edited(content, edits) != content for edits in drawn) > 280
    edits = damage(content, np.random.default_rng(3), text=True)
    smaller = smallest([*edits, *damage(content, np.random.default_rng(4), text=True)], lambda some: edits[0] in some)
    assert smaller == (edits[0],)


def test_what_is_damaged_below_a_checksum_has_a_right_one() -> None:
    record = Sealed().outside(b"", b"{}")
    assert Sealed().inside(record) == b"{}"
    weights = (2).to_bytes(8, "little") + b"{}" + b"tensors"
    assert SafetensorsHeader().inside(weights) == b"{}"
    assert SafetensorsHeader().outside(weights, b"{...}") == (5).to_bytes(8, "little") + b"{...}" + b"tensors"
