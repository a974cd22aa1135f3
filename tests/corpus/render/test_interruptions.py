"""Real processes, really killed: whatever happens, the same command completes the corpus to the same bytes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from corpora import MANY, digests
from kills import PATIENCE_S, files_in, kill_after

from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.seeds import stream

KILLS = 10
WITH_WORKERS = 5
"""Every fifth of the runs that are killed has worker processes; they take longer to start."""
INTERRUPTED = 130


def command(root: Path, kit_dir: Path, *, jobs: int = 2) -> list[str]:
    """Return the command line that renders the corpus of the fixture ``larger``."""
    kits = ",".join(str(kit_dir / f"{name}.yaml") for name in ("tin", "wood"))
    options = ["--kits", kits, "--out", str(root), "--jobs", str(jobs), "--no-single-hits", "--id", *MANY]
    return [sys.executable, "-m", "stemgmd_tools.cli.main", "render", *options]


def start(root: Path, kit_dir: Path, *, jobs: int = 2) -> subprocess.Popen[str]:
    """Start rendering in a process group of its own, as a shell does."""
    return subprocess.Popen(
        command(root, kit_dir, jobs=jobs),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(root: Path, pattern: str, process: subprocess.Popen[str]) -> None:
    """Wait until a file appears."""
    deadline = time.monotonic() + PATIENCE_S
    while not any(root.glob(pattern)):
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.slow
def test_killed_at_random_moments_it_completes_to_the_same_bytes(larger, kit_dir, tmp_path):
    root = tmp_path / "corpus"
    process = start(root, kit_dir, jobs=1)
    out, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == 0, out + err
    assert digests(root) == digests(larger)
    total, interrupted = files_in(root), 0
    shutil.rmtree(root)
    for number, (moment, whom) in enumerate(stream(0, "kill").random((KILLS, 2))):
        process = start(root, kit_dir, jobs=2 if number % WITH_WORKERS == 0 else 1)
        ahead = files_in(root)
        interrupted += kill_after(process, root, ahead + round(moment * (total - ahead)), group=whom < 0.5)
        process.stdout.close()
        process.stderr.close()
        if (root / "manifests" / "stems.csv").exists():
            subprocess.run(command(root, kit_dir, jobs=1), capture_output=True, check=True)
            assert digests(root) == digests(larger)
            shutil.rmtree(root)
    assert interrupted > KILLS / 2
    subprocess.run(command(root, kit_dir, jobs=1), capture_output=True, check=True)
    assert digests(root) == digests(larger)


@pytest.mark.parametrize("jobs", [1, 2])
def test_ctrl_c_ends_with_one_line_and_a_corpus_that_resumes(larger, kit_dir, tmp_path, jobs):
    root = tmp_path / "corpus"
    process = start(root, kit_dir, jobs=jobs)
    wait_for(root, ".stemgmd/stems/*/*/*/*.record", process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == INTERRUPTED, err
    lines = [line for line in err.splitlines() if line]  # click ends the line that shows ^C
    assert lines[-1] == "stemgmd: interrupted; run the same command again to continue"
    assert len(lines) == 2, err  # the first says which performances
    subprocess.run(command(root, kit_dir, jobs=1), check=True, capture_output=True)
    assert digests(root) == digests(larger)


def test_a_second_process_on_the_same_folder_is_refused(kit_dir, tmp_path):
    root = tmp_path / "corpus"
    first = start(root, kit_dir, jobs=1)
    try:
        wait_for(root, ".stemgmd/stems/*/*/*/*.record", first)
        first.send_signal(signal.SIGSTOP)
        second = subprocess.run(command(root, kit_dir), capture_output=True, text=True, check=False)
    finally:
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=PATIENCE_S)
    assert second.returncode == 1
    assert "another run is at work on this folder" in second.stderr.splitlines()[-1]
    assert Corpus(root)


def test_a_real_full_disk_is_one_line_and_room_lets_it_go_on(larger, kit_dir, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(disk)]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting a small file system needs privileges")
    root = disk / "corpus"
    # the estimate would refuse so small a disk; what is tested is a disk that fills up all the same
    blind = (
        "import stemgmd_tools.corpus.render.run as r; r.require_disk = lambda *a: None; "
        "from stemgmd_tools.cli.main import run"
    )
    line = [sys.executable, "-c", f"{blind}; run()", *command(root, kit_dir, jobs=1)[3:]]
    try:
        full = subprocess.run(line, capture_output=True, text=True, check=False)
        assert full.returncode == 1
        assert len(full.stderr.splitlines()) == 2, full.stderr
        assert "disk is full" in full.stderr or "No space left" in full.stderr
        subprocess.run(["mount", "-o", "remount,size=200m", str(disk)], check=True)
        roomy = subprocess.run(line, capture_output=True, text=True, check=False)
        assert roomy.returncode == 0, roomy.stderr
        assert digests(root) == digests(larger)
    finally:
        subprocess.run(["umount", str(disk)], check=True)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_an_unwritable_folder_is_one_line(kit_dir, tmp_path):
    locked = tmp_path / "locked"
    locked.mkdir(mode=0o500)
    done = subprocess.run(command(locked / "corpus", kit_dir), capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Permission denied" in done.stderr.splitlines()[-1]


WORKERS = """
import signal
import joblib
from stemgmd_tools.runtime.workers import results_of

def blocked(_):
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, ())

if __name__ == "__main__":
    with joblib.parallel_config(backend="loky"):
        parallel = joblib.Parallel(n_jobs=2, return_as="generator_unordered", batch_size=1)
        print(set(results_of(parallel, (joblib.delayed(blocked)(number) for number in range(8)))), blocked(0))
"""


def test_workers_leave_ctrl_c_to_the_process_that_started_them(tmp_path):
    """What a worker does between two tasks would end in a traceback."""
    program = tmp_path / "workers.py"
    program.write_text(WORKERS, encoding="utf-8")
    output = subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True).stdout
    assert output == "{True} False\n"
