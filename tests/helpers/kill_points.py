"""End a process by SIGKILL at each of its changes to a folder in turn.

Children are forked from a process that has imported everything; start it as a program of its own, since a process that
runs tests may have threads.
"""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path

CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.truncate"})
"""Audit events; files that are opened to be written count, too."""


def run_until(change: int, work: Callable[[], object], folder: Path) -> int | None:
    """Run a function in a child that is killed just before a change to a folder; return its exit code.

    :param change: number of the change, from 0; None is returned if the child was killed.
    """
    pid = os.fork()
    if not pid:
        code = 1
        try:
            _count(change, str(folder))
            work()
            code = 0
        except BaseException:  # noqa: BLE001 - the process ends here, and tells it first
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return None if status == -signal.SIGKILL else status


def _count(change: int, folder: str) -> None:
    left = change

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        if event == "open" and not (isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)):
            return
        if event in CHANGES or event == "open":
            paths = [os.fsdecode(one) for one in arguments if isinstance(one, str | bytes | os.PathLike)]
            if any(path.startswith(folder) for path in paths):
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)
                left -= 1

    sys.addaudithook(hook)


def killed_everywhere(
    work: Callable[[], object],
    folder: Path,
    *,
    prepare: Callable[[], object],
    check_killed: Callable[[], object],
    check_done: Callable[[], object],
    step: int = 1,
) -> int:
    """Kill a function before every change that it makes, then run it to its end; return the number of kills.

    :param prepare: puts the folder into its state before.
    :param check_killed: called after each kill.
    :param check_done: called after the run that follows.
    :param step: kill before each so many-th change only.
    """
    kills = 0
    while True:
        prepare()
        code = run_until(kills * step, work, folder)
        if code is not None:
            assert code == 0, "fails without a kill"
            check_done()
            return kills
        check_killed()
        assert run_until(-1, work, folder) == 0, f"fails after kill {kills}"
        check_done()
        kills += 1
