"""Two runs at once into one folder: the second is refused in one line, waits or changes nothing; nothing is broken."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import soundfile
from corpora import digests
from tone_kits import tone_kits

from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.data import shipped
from stemgmd_tools.performances.source import STARTER
from stemgmd_tools.seeds import stream

PATIENCE_S = 240.0


@pytest.fixture(scope="module")
def kits(tmp_path_factory) -> str:
    """Return two sample maps of tones, as `--kits` takes them."""
    return ",".join(tone_kits(tmp_path_factory.mktemp("kits")))


def start(*words: object, cache: Path | None = None) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "stemgmd_tools.cli.main", *map(str, words)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **({"STEMGMD_CACHE": str(cache)} if cache else {})},
    )


def require_one_line(process: subprocess.Popen[str]) -> bool:
    """Return whether a run went through; if not, check that it says in one line why."""
    _, err = process.communicate(timeout=PATIENCE_S)
    assert "Traceback" not in err, err
    last = err.splitlines()[-1] if err else ""
    assert process.returncode == 0 or "another run" in last or "there already" in last, err
    return process.returncode == 0


def ends(process: subprocess.Popen[str]) -> None:
    process.send_signal(signal.SIGCONT)
    process.communicate(timeout=PATIENCE_S)


def test_an_evaluation_keeps_others_out(kits, tmp_path):
    words = ("evaluate", "--virtual", shipped("manifests") / STARTER, "--kits", kits, "--method", "nmfd")
    words = (*words, "--templates", "own", "--limit", 4, "--no-page", "--out", tmp_path / "out")
    first = start(*words)
    deadline = time.monotonic() + PATIENCE_S
    while not any(tmp_path.glob("out/clips/**/*.json")):
        assert first.poll() is None, first.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    first.send_signal(signal.SIGSTOP)
    try:
        second = start(*words)
        assert not require_one_line(second)
    finally:
        ends(first)
    assert first.returncode == 0
    assert (tmp_path / "out" / "report.md").is_file()


@pytest.mark.slow
def test_two_merges_give_one_corpus(kits, tmp_path):
    render = ("render", "--kits", kits, "--id", "drummer11/session1/[1-9]", "--no-single-hits", "--jobs", 1)
    for number in (1, 2):
        assert require_one_line(start(*render, "--shard", f"{number}/2", "--out", tmp_path / f"{number}"))
    words = ("merge", tmp_path / "both", tmp_path / "1", tmp_path / "2", "--jobs", 1)
    runs = [start(*words), start(*words)]
    went = [require_one_line(run) for run in runs]
    assert any(went)
    assert verify_corpus(tmp_path / "both", jobs=1).failures == ()
    before = digests(tmp_path / "both")
    assert require_one_line(start(*words))
    assert digests(tmp_path / "both") == before


@pytest.mark.slow
def test_two_builds_give_one_bank(kits, tmp_path):
    words = ("kits", "build", *kits.split(","), "--jobs", 1)
    runs = [start(*words, cache=tmp_path) for _ in range(2)]
    went = [require_one_line(run) for run in runs]
    assert all(went)
    assert sorted(path.suffix for path in (tmp_path / "banks").iterdir()) == ["", "", ".lock", ".lock"]


@pytest.mark.slow
def test_two_separations_give_the_stems_of_one(tmp_path):
    song = tmp_path / "song.wav"
    soundfile.write(song, stream(7, "song").uniform(-0.5, 0.5, (88_200, 2)), 44_100, subtype="PCM_16")
    runs = [start("separate", song, "--out", tmp_path / name, "--device", "cpu") for name in ("both", "both", "one")]
    went = [require_one_line(run) for run in runs]
    assert all(went)
    assert digests(tmp_path / "both") == digests(tmp_path / "one")
