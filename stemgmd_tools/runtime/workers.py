"""Run tasks in worker processes that ignore Ctrl-C and end with the process that started them."""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterable, Iterator
from concurrent.futures import BrokenExecutor
from multiprocessing import resource_tracker
from typing import Any, Final

from stemgmd_tools.errors import StemgmdError, StemgmdWarning, UsageError

with warnings.catch_warnings():
    warnings.filterwarnings("ignore", ".*joblib will operate in serial mode")  # require_semaphores tells it in one line
    from joblib import Parallel, cpu_count, delayed, parallel_config

warnings.filterwarnings("ignore", ".*have been cancelled", UserWarning, r"joblib\.parallel")  # a race after Ctrl-C

__all__ = [
    "Parallel",
    "cpu_count",
    "delayed",
    "end_with_parent",
    "parallel_config",
    "require_semaphores",
    "results_of",
    "workers",
]

_WATCH_EVERY_S: Final = 0.5
"""Interval at which a worker checks whether its parent process still exists."""
_TRACKER_WARNINGS: Final = "ignore:resource_tracker:UserWarning"
_PR_SET_PDEATHSIG: Final = 1  # of Linux's prctl
_ORPHANED: Final = 1
"""Exit code of a worker whose parent has ended."""


def workers(jobs: int, *, ordered: bool = False, **options: Any) -> Parallel:
    """Return an executor with ``jobs`` processes, or in this process for 1; see :func:`results_of`.

    Arguments are passed through pipes: /dev/shm holds only the semaphores of the queues, which are removed however the
    processes end.

    :param ordered: yield results in the order of the tasks instead of the order of completion.
    :param options: of ``joblib.Parallel``.
    :raises UsageError: if this machine cannot start workers.
    """
    if jobs != 1:
        require_semaphores("--jobs 1")
    return Parallel(
        n_jobs=jobs,
        backend="sequential" if jobs == 1 else "loky",
        return_as="generator" if ordered else "generator_unordered",
        max_nbytes=None,
        temp_folder=tempfile.gettempdir(),
        initializer=end_with_parent,
        initargs=(threading.current_thread() is threading.main_thread(),),
        **options,
    )


def results_of(parallel: Parallel, tasks: Iterable[Any]) -> Iterator[Any]:
    """Yield the results of tasks, in the order of ``parallel``; Ctrl-C ends the workers without messages from them.

    A terminal sends Ctrl-C to every process of the group. Workers inherit the blocked signals of the thread that starts
    them, so only this process receives it and ends them. (Python's resource tracker unblocks it, so it starts first.)

    :raises StemgmdError: as the tasks do, or if the system killed a worker.
    """
    resource_tracker.ensure_running()
    if parallel.n_jobs != 1:
        _start_quiet_tracker()
    with _quiet_abort():
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            results = parallel(tasks)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        try:
            yield from results
        except BrokenExecutor:
            raise StemgmdError(
                "a worker process was killed, perhaps for lack of memory; run the same command again, or with fewer "
                "--jobs"
            ) from None


def _start_quiet_tracker() -> None:
    """Start loky's resource tracker without its warnings: after an abort it may look for what is removed already."""
    from joblib.externals.loky.backend import resource_tracker as loky_tracker  # noqa: PLC0415 - where workers can be

    before = os.environ.get("PYTHONWARNINGS")
    os.environ["PYTHONWARNINGS"] = ",".join(filter(None, (before, _TRACKER_WARNINGS)))
    try:
        loky_tracker.ensure_running()
    finally:
        if before is None:
            del os.environ["PYTHONWARNINGS"]
        else:
            os.environ["PYTHONWARNINGS"] = before


def require_semaphores(instead: str) -> None:
    """Check that this machine supports the semaphores of queues between processes.

    :param instead: the option that avoids them.
    :raises UsageError: if it does not, with the system's reason.
    """
    try:
        multiprocessing.get_context("fork").Lock()
    except (OSError, ImportError) as error:
        raise UsageError(
            f"worker processes cannot be started ({error}); they need a writable /dev/shm: "
            f"make it writable, or give {instead}"
        ) from error


def end_with_parent(at_once: bool = False) -> None:
    """End this worker when its parent process ends; called in the worker before its first task.

    Standard output is redirected to standard error, so that a reader of the parent's output sees its end when the
    parent ends.

    :param at_once: let Linux kill the worker immediately. Only for workers that the parent's main thread starts, since
        Linux reacts to the end of the starting thread.
    """
    parent = multiprocessing.parent_process()
    if parent is None or parent.pid is None:
        return
    _leave_stdout()
    warnings.simplefilter("ignore", StemgmdWarning)  # the parent has met the same
    if at_once and sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # a C library without prctl
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    threading.Thread(target=_watch, args=(parent.pid,), daemon=True).start()


def _watch(parent: int) -> None:
    """End this process when its parent process changes."""
    while os.getppid() == parent:
        time.sleep(_WATCH_EVERY_S)
    os._exit(_ORPHANED)


def _leave_stdout() -> None:
    """Redirect standard output to standard error, or to the null device if that is closed."""
    try:
        os.dup2(2, 1)
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.close(nowhere)


@contextlib.contextmanager
def _quiet_abort() -> Iterator[None]:
    """Suppress the ``KeyError`` that loky's manager thread prints for tasks removed by an abort."""
    hook = threading.excepthook

    def quieter(failure: threading.ExceptHookArgs) -> None:
        manages = failure.thread is not None and type(failure.thread).__module__.startswith("joblib.externals.loky")
        if not (manages and failure.exc_type is KeyError):
            hook(failure)

    threading.excepthook = quieter
    try:
        yield
    finally:
        threading.excepthook = hook
