"""Ctrl-C and SIGTERM that wait for the end of a step; SIGTERM that ends as Ctrl-C does."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SAME_S: Final = 1.0
"""Signals of one kind that are closer are one: ``timeout`` sends SIGTERM to its child, then to its whole group."""


class Interrupt:
    """Whether an end was asked for."""

    requested = False


@contextmanager
def interrupts() -> Iterator[Interrupt]:
    """Note the first Ctrl-C or SIGTERM instead of obeying; one more of its kind, a second later or more, ends at once.

    ``torchrun`` hands Ctrl-C on as SIGTERM to processes that had it already.
    """
    interrupt = Interrupt()
    before = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    first_s: dict[int, float] = {}

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        interrupt.requested = True
        now_s = time.monotonic()
        if now_s - first_s.setdefault(number, now_s) >= _SAME_S:
            signal.signal(number, before[number])
            signal.raise_signal(signal.Signals(number))

    try:
        for number in before:
            signal.signal(number, note)
    except ValueError:  # not the main thread: signals go elsewhere
        before = {}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def sigterm_unwinds() -> Iterator[None]:
    """Let SIGTERM end the program by way of its ``finally`` clauses, which take back what is half-written."""

    def end(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        raise SystemExit(128 + number)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not the main thread: signals go elsewhere
        yield
        return
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
