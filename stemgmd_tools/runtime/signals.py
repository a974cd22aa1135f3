"""Defer Ctrl-C and SIGTERM during calls in which a Python exception would be lost."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def defer_signals() -> Iterator[None]:
    """Defer Ctrl-C and SIGTERM while a C library calls back into Python, where exceptions would be lost.

    Does nothing outside the main thread, or for signals without a Python handler.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    numbers = (signal.SIGINT, signal.SIGTERM)
    handlers = {int(number): handler for number in numbers if callable(handler := signal.getsignal(number))}
    pending: list[tuple[int, FrameType | None]] = []
    for number in handlers:
        signal.signal(number, lambda number, frame: pending.append((number, frame)))
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if pending:
        first, frame = pending[0]
        handlers[first](first, frame)
