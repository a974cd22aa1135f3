"""Real processes, really killed while they augment: the same command completes the corpus to the same bytes."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from corpora import digests

from stemgmd_tools.augment.corpus.verify_corpus import verify_corpus
from stemgmd_tools.seeds import stream

KILLS = 3
PATIENCE_S = 240.0
"""How long a child process may take on a busy machine."""
INTERRUPTED = 130
RECORDS = ".stemgmd/stems/*/*/*/*.record"


def command(root: Path, kit_files, *, jobs: int = 1, batch: int = 1) -> list[str]:
    """Return the command line that augments a few performances through both kits."""
    chosen = ["--kits", ",".join(kit_files), "--id", "drummer11/session1/[1-4]", "--chain", "larsnet", "--seed", "1"]
    options = [*chosen, "--out", str(root), "--jobs", str(jobs), "--batch", str(batch), "--device", "cpu"]
    return [sys.executable, "-m", "stemgmd_tools.cli.main", "augment", *options]


def start(root: Path, kit_files, *, jobs: int = 1, batch: int = 1) -> subprocess.Popen[str]:
    """Start augmenting in a process group of its own, as a shell does."""
    line = command(root, kit_files, jobs=jobs, batch=batch)
    return subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)


def wait_for_records(root: Path, count: int, process: subprocess.Popen[str]) -> None:
    """Wait until so many examples are whole."""
    deadline = time.monotonic() + PATIENCE_S
    while sum(1 for _ in root.glob(RECORDS)) < count:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture(scope="module")
def whole(tmp_path_factory, kit_files) -> Path:
    """Return the corpus as a run makes it that nothing interrupts."""
    root = tmp_path_factory.mktemp("whole") / "corpus"
    subprocess.run(command(root, kit_files), check=True, capture_output=True)
    return root


@pytest.mark.slow
def test_killed_again_and_again_it_completes_to_the_same_bytes_in_batches_of_any_size(whole, kit_files, tmp_path):
    root = tmp_path / "corpus"
    everything = sum(1 for _ in whole.glob(RECORDS))
    for number, chance in enumerate(stream(0, "kill").random(KILLS)):
        process = start(root, kit_files, jobs=1 + number % 2, batch=1 + number)
        wait_for_records(root, min(number + 1, everything - 1), process)
        time.sleep(0.2 * float(chance))  # anywhere within the next example
        if number % 3:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()  # workers are orphaned
        process.communicate()
        assert process.returncode in (-signal.SIGKILL, 0)
    subprocess.run(command(root, kit_files, jobs=2, batch=2), check=True, capture_output=True)
    assert digests(root) == digests(whole)


@pytest.mark.slow
def test_ctrl_c_ends_with_one_line_and_a_corpus_that_resumes(whole, kit_files, tmp_path):
    root = tmp_path / "corpus"
    process = start(root, kit_files, jobs=2)
    wait_for_records(root, 1, process)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to every process of the group
    _, err = process.communicate(timeout=PATIENCE_S)
    assert process.returncode == INTERRUPTED, err
    lines = [line for line in err.splitlines() if line]
    assert lines[-1] == "stemgmd: interrupted; run the same command again to continue"
    assert len(lines) == 2, err  # the first says which performances
    subprocess.run(command(root, kit_files), check=True, capture_output=True)
    assert digests(root) == digests(whole)


@pytest.mark.slow
def test_a_second_process_on_the_same_folder_is_refused(kit_files, tmp_path):
    root = tmp_path / "corpus"
    first = start(root, kit_files)
    try:
        wait_for_records(root, 1, first)
        first.send_signal(signal.SIGSTOP)
        second = subprocess.run(command(root, kit_files), capture_output=True, text=True, check=False)
    finally:
        first.send_signal(signal.SIGCONT)
        first.communicate(timeout=PATIENCE_S)
    assert second.returncode == 1
    assert "another run is at work on this folder" in second.stderr.splitlines()[-1]


BLIND = (
    "import stemgmd_tools.corpus.render.run as r; r.require_disk = lambda *a: None; "
    "from stemgmd_tools.cli.main import run; run()"
)
"""The estimate would refuse so small a disk; what is tested is a disk that fills up all the same."""


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("mount") is None, reason="needs a small file system")
def test_a_full_disk_is_one_line_and_room_lets_it_go_on(whole, kit_files, tmp_path):
    disk = tmp_path / "disk"
    disk.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", disk], check=False).returncode:
        pytest.skip("mounting a small file system needs privileges")
    root = disk / "corpus"
    line = [sys.executable, "-c", BLIND, *command(root, kit_files, batch=2)[3:]]
    try:
        full = subprocess.run(line, capture_output=True, text=True, check=False)
        assert full.returncode == 1
        assert full.stderr.splitlines()[-1].endswith("the disk is full; make room and run the same command again")
        assert len(full.stderr.splitlines()) == 2, full.stderr  # the first says which performances
        left, wanted = digests(root), digests(whole)
        assert left.items() <= wanted.items()  # what has a name is whole
        assert 0 < len(left) < len(wanted)
        subprocess.run(["mount", "-o", "remount,size=200m", disk], check=True)
        subprocess.run(line, check=True, capture_output=True)
        assert digests(root) == wanted
        assert verify_corpus(root, jobs=1).failures == ()
    finally:
        subprocess.run(["umount", disk], check=True)
