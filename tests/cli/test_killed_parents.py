"""The main process of a command is really killed: its workers end, let go of its output and leave nothing behind."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tone_kits import tone_kits

from stemgmd_tools.data import shipped
from stemgmd_tools.performances.source import STARTER

PATIENCE_S = 120.0
"""How long a busy machine may take to start workers, or to end them: idle ones that nobody ends stay for minutes."""
SHARED_MEMORY = Path("/dev/shm")
SMALL = """
model: {options: {width: 8, temporal: 16}}
data: {segment_s: 0.5, min_active: {}, chain: none, limit: 4}
optimizer: {items: 2}
validation: {items: 2}
"""

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


@pytest.fixture(scope="module")
def kits(tmp_path_factory) -> str:
    """Return two sample maps of tones, as `--kits` takes them."""
    return ",".join(tone_kits(tmp_path_factory.mktemp("kits")))


def words_of(command: str, kits: str, folder: Path) -> list[str]:
    """Return the command line of something that works for a while in two processes."""
    out = ["--out", str(folder / "out"), "--jobs", "2"]
    starter = str(shipped("manifests") / STARTER)
    (folder / "small.yaml").write_text(SMALL, encoding="utf-8")
    return {
        "render": ["render", "--kits", f"{kits},cedar_hall", *out],
        "kits build": ["kits", "build", "train", "--jobs", "2"],
        "augment": ["augment", "--kits", kits, "--chain", "none", "--copies", "9", "--device", "cpu", *out],
        "evaluate": ["evaluate", "--virtual", starter, "--kits", kits, "--method", "nmfd", "--templates", "own", *out],
        "baseline-train": [
            *("baseline-train", "--config", str(folder / "small.yaml"), "--kits", kits, "--device", "cpu"),
            *("--workers", "2", "--steps", "1000000", "--out", str(folder / "out")),
        ],
    }[command]


def children(parent: int) -> dict[int, str]:
    """Return the process ids of all descendants that are no zombies, and their command lines."""
    parents: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            state, ppid = (entry / "stat").read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if state != "Z":
            parents.setdefault(int(ppid), []).append(int(entry.name))
    processes: dict[int, str] = {}
    todo = [parent]
    while todo:
        for child in parents.get(todo.pop(), []):
            processes[child] = command_line(child)
            todo.append(child)
    return processes


def command_line(process: int) -> str:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def working(process: int, line: str) -> bool:
    """Return whether a process is a worker and past its start, by the processor time that it has had.

    Workers of joblib have to import first; those that load for a training are copies of it and soon wait for it.
    """
    try:
        fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return False
    needed = os.sysconf("SC_CLK_TCK") / 5 if "loky" in line else 1
    return "resource_tracker" not in line and sum(map(int, fields[11:13])) >= needed


def alive(process: int, line: str) -> bool:
    """Return whether a process is still the one that it was."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z" and command_line(process) == line


def shared_memory_of(processes: set[int], older: set[Path]) -> list[Path]:
    """Return the files in shared memory that processes have created, by the process ids in their names.

    :param older: files that existed before: another process with the same id may have left them, since ids recur.
    """
    new = set(SHARED_MEMORY.iterdir()) - older
    return [path for path in new if processes & set(map(int, re.findall(r"\d+", path.name)))]


def until(condition, process: subprocess.Popen[bytes] | None = None) -> None:
    """Wait for something that takes a while."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert process is None or process.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.slow
@pytest.mark.parametrize("command", ["render", "kits build", "augment", "evaluate", "baseline-train"])
def test_workers_end_with_their_parent_and_leave_nothing(command, kits, tmp_path):
    older = set(SHARED_MEMORY.iterdir())
    process = subprocess.Popen(
        [sys.executable, "-m", "stemgmd_tools.cli.main", *words_of(command, kits, tmp_path)],
        stdout=subprocess.PIPE,
        stderr=(tmp_path / "stderr").open("wb"),
        env={**os.environ, "STEMGMD_CACHE": str(tmp_path / "cache")},
        start_new_session=True,
    )
    family: dict[int, str] = {}
    try:
        until(lambda: sum(working(*child) for child in children(process.pid).items()) >= 2, process)
        family = children(process.pid)
        process.kill()
        process.stdout.read()  # comes back when nobody holds the pipe any more
        until(lambda: not any(alive(child, line) for child, line in family.items()))
        until(lambda: not shared_memory_of({process.pid, *family}, older))
        assert "Traceback" not in (tmp_path / "stderr").read_text()
    finally:
        for child, line in {process.pid: "", **family}.items():
            if not line or alive(child, line):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(child, signal.SIGKILL)
        process.wait()
        process.stdout.close()
