"""Do the next tasks in a thread while the result of one is used."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

Result = TypeVar("Result")


@contextmanager
def in_advance(tasks: Sequence[Callable[[], Result]], count: int) -> Iterator[Iterator[Result]]:
    """Give the results of tasks in their order; one thread does up to ``count`` tasks before they are asked for.

    An exception of a task is raised where its result is asked for. At the end of the context no task is running, and
    those that nobody asked for are not done.
    """
    with ThreadPoolExecutor(1) as thread:
        try:
            yield _results(tasks, count, thread)
        finally:
            thread.shutdown(cancel_futures=True)


def _results(tasks: Sequence[Callable[[], Result]], count: int, thread: ThreadPoolExecutor) -> Iterator[Result]:
    pending: deque[Future[Result]] = deque()
    for task in tasks:
        pending.append(thread.submit(task))
        if len(pending) > count:
            yield pending.popleft().result()
    while pending:
        yield pending.popleft().result()
