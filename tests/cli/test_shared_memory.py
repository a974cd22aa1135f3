"""A machine whose /dev/shm cannot be used: one line says so, and one process does the work."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tone_kits import tone_kits

SMALL = """
model: {options: {width: 8, temporal: 16}}
data: {segment_s: 0.5, min_active: {}, chain: none, limit: 4}
optimizer: {items: 2}
validation: {items: 2}
"""
READ_ONLY = 'mount -t tmpfs -o ro,size=4k tmpfs /dev/shm && exec "$@"'


def run(folder: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """Run a command where nothing can be put into /dev/shm."""
    command = [sys.executable, "-m", "stemgmd_tools.cli.main", *map(str, words)]
    return subprocess.run(
        ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", *command],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "STEMGMD_CACHE": str(folder / "cache")},
    )


@pytest.fixture(scope="module", autouse=True)
def _allowed() -> None:
    """Skip where file systems cannot be mounted."""
    words = ["unshare", "-m", "sh", "-c", READ_ONLY, "sh", "true"]
    if shutil.which("unshare") is None or subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("mounting a file system needs privileges")


def test_workers_are_refused_in_one_line_and_one_process_does_the_work(tmp_path):
    kit = tone_kits(tmp_path / "kits")[0]
    render = ("render", "--kits", kit, "--id", "drummer13/session1/7", "--no-single-hits", "--out", tmp_path / "out")
    for words in ((*render, "--jobs", 2), ("kits", "build", kit, "--jobs", 2)):
        done = run(tmp_path, *words)
        assert done.returncode == 2, done.stderr
        assert "/dev/shm" in done.stderr.splitlines()[-1]
        assert done.stderr.splitlines()[-1].endswith("or give --jobs 1")
        assert len(done.stderr.splitlines()) <= 2, done.stderr  # the first says which performances
    done = run(tmp_path, *render, "--jobs", 1)
    assert done.returncode == 0, done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr
    assert run(tmp_path, "verify", tmp_path / "out", "--jobs", 1).returncode == 0


@pytest.mark.slow
def test_training_names_the_option_that_does_without(tmp_path):
    kits = ",".join(tone_kits(tmp_path / "kits"))
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    train = ("baseline-train", "--config", tmp_path / "small.yaml", "--kits", kits, "--device", "cpu", "--steps", 1)
    done = run(tmp_path, *train, "--workers", 1, "--out", tmp_path / "run")
    assert done.returncode == 2, done.stderr
    assert done.stderr.splitlines()[-1].endswith("or give --workers 0")
    assert "Traceback" not in done.stderr
    done = run(tmp_path, *train, "--workers", 0, "--out", tmp_path / "run")
    assert done.returncode == 0, done.stderr
