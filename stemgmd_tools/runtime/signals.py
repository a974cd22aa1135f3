"""Ctrl-C and SIGTERM that wait while they could not be told."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def defer_signals() -> Iterator[None]:
    """Hold back Ctrl-C and SIGTERM while a C library calls back into Python: raised there they would be lost.

    Where they end the process at once, or in another thread than the main one, there is nothing to hold.
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
