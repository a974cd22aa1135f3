"""Commands where the system gives too little: closed streams, little memory, killed workers."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from toy_kits import toy_kit

PROGRAM = [sys.executable, "-m", "stemgmd_tools.cli.main"]
LITTLE_BYTES = 500_000_000
"""Address space in which the command starts, but in which what rendering needs cannot be had."""
PATIENCE_S = 120.0


def one_line(text: str) -> str:
    """Return the one line that the command says at its end; nothing else is a traceback."""
    assert "Traceback" not in text
    lines = [line for line in text.splitlines() if line.startswith("stemgmd: ")]
    assert len(lines) == 1, text
    return lines[0]


@pytest.mark.parametrize("words", ["kits list", "render --limit 1 --out OUT", "info OUT", "verify OUT", "--version"])
def test_closed_standard_output_is_one_line_and_nothing_is_done(words: str, tmp_path: Path) -> None:
    given = [str(tmp_path / "out") if word == "OUT" else word for word in words.split()]
    command = ["/bin/sh", "-c", 'exec "$@" >&-', "sh", *PROGRAM, *given]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    assert one_line(done.stderr) == "stemgmd: standard output is closed; send it to a file, or to /dev/null"
    assert done.returncode == 2
    assert not (tmp_path / "out").exists()


def test_closed_input_and_error_are_no_matter(tmp_path: Path) -> None:
    kit = str(toy_kit(tmp_path / "kit"))
    command = ["/bin/sh", "-c", 'exec "$@" <&- 2>&-', "sh", *PROGRAM, "render", "--kits", kit, "--limit", "1"]
    command += ["--no-single-hits", "--jobs", "2", "--out", str(tmp_path / "out")]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 0
    assert "1 performances" in done.stdout


def test_too_little_memory_is_one_line(tmp_path: Path) -> None:
    command = [*PROGRAM, "render", "--kits", str(toy_kit(tmp_path / "kit")), "--limit", "1", "--jobs", "1"]
    command += ["--no-single-hits", "--out", str(tmp_path / "out")]
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (LITTLE_BYTES, LITTLE_BYTES)),
    )
    assert done.returncode == 1
    assert "emory" in one_line(done.stderr)


@pytest.mark.slow
def test_a_killed_worker_of_a_build_is_one_line(tmp_path: Path) -> None:
    command = [*PROGRAM, "kits", "build", "random:1..2", "--jobs", "2"]
    environment = {**os.environ, "STEMGMD_CACHE": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        deadline, found = time.monotonic() + PATIENCE_S, []
        while not found and time.monotonic() < deadline:
            found = list(tmp_path.glob("banks/*.building-*"))
            time.sleep(0.05)
        os.kill(int(found[0].name.rpartition("-")[2]), signal.SIGKILL)
        told = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 1
    assert "a worker process was killed, perhaps for lack of memory" in one_line(told)
