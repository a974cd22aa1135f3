"""Commands where the system gives too little: closed streams, little memory, killed workers."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import soundfile
from toy_kits import toy_kit

PROGRAM = [sys.executable, "-m", "stemgmd_tools.cli.main"]
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
    assert "1 performance" in done.stdout


def _with_address_space(megabytes: int, *words: str) -> subprocess.CompletedProcess[str]:
    limit = 1_000_000 * megabytes
    return subprocess.run(
        [*PROGRAM, *words],
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE_S,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)),
    )


@pytest.mark.parametrize("megabytes", [300, 460, 599])
def test_too_little_address_space_is_refused(megabytes: int, tmp_path: Path) -> None:
    done = _with_address_space(megabytes, "render", "--limit", "1", "--out", str(tmp_path / "out"))
    assert done.returncode == 2
    assert one_line(done.stderr).startswith(f"stemgmd: the address space is limited to {megabytes} MB (ulimit -v)")


def test_too_little_memory_is_one_line(tmp_path: Path) -> None:
    """PyTorch is larger than what is allowed."""
    pytest.importorskip("torch")
    soundfile.write(tmp_path / "drums.wav", np.full(4410, 0.1), 44_100)
    done = _with_address_space(650, "separate", str(tmp_path / "drums.wav"), "--out", str(tmp_path / "out"))
    assert done.returncode == 1
    assert "emory" in one_line(done.stderr)


@pytest.mark.slow
def test_a_killed_worker_of_a_build_is_one_line(tmp_path: Path) -> None:
    command = [*PROGRAM, "kits", "build", "random:1..2", "--jobs", "2"]
    environment = {**os.environ, "STEMGMD_CACHE": str(tmp_path)}
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as process:
        deadline, workers = time.monotonic() + PATIENCE_S, []
        while not workers and time.monotonic() < deadline:
            workers = list(tmp_path.glob("banks/*.building-*"))
            time.sleep(0.05)
        os.kill(int(workers[0].name.rpartition("-")[2]), signal.SIGKILL)
        stderr = process.communicate(timeout=PATIENCE_S)[1]
    assert process.returncode == 1
    assert "a worker process was killed, perhaps for lack of memory" in one_line(stderr)
