"""Worker processes of this machine that leave Ctrl-C to the process that started them."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Iterable, Iterator
from multiprocessing import resource_tracker
from typing import Any

import joblib


def results_of(parallel: joblib.Parallel, tasks: Iterable[Any]) -> Iterator[Any]:
    """Yield what tasks return, in the order of ``parallel``; Ctrl-C ends them without a word from the workers.

    A terminal sends it to every process of the group. Workers inherit what the thread that starts them blocks, so they
    leave it to this process, which ends them. (Python's resource tracker unblocks it when it starts; that is before.)
    """
    resource_tracker.ensure_running()
    with _quiet_abort():
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        try:
            results = parallel(tasks)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        yield from results


@contextlib.contextmanager
def _quiet_abort() -> Iterator[None]:
    """Keep loky's manager thread from printing a KeyError: it trips over tasks that an abort took away from it."""
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
