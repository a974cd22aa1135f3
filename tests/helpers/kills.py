"""Kill processes at moments that are shares of their work, not of time, so that the machine's load does not matter."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

PATIENCE_S = 120.0
"""How long a child process may take on a busy machine."""


def files_in(root: Path) -> int:
    """Return the number of files of a folder, also while it changes."""
    return sum(len(names) for _, _, names in os.walk(root))


def kill_after(process: subprocess.Popen[str], root: Path, files: int, *, group: bool) -> bool:
    """Kill a process once a folder holds a number of files; return whether it was still running.

    :param group: whether to kill its workers, too, as a crash of the machine does; otherwise they are orphaned.
    """
    deadline = time.monotonic() + PATIENCE_S
    while process.poll() is None and files_in(root) < files:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    if group and process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    else:
        process.kill()
    return process.wait() == -signal.SIGKILL
