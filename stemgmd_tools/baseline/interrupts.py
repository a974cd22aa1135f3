"""Ctrl-C and SIGTERM that wait for the end of a step; SIGTERM that ends as Ctrl-C does."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class Interrupt:
    """Whether an end was asked for."""

    came = False


@contextmanager
def interrupts() -> Iterator[Interrupt]:
    """Note the first Ctrl-C or SIGTERM instead of obeying; the second of its kind ends at once.

    ``torchrun`` hands Ctrl-C on as SIGTERM to processes that had it already.
    """
    interrupt = Interrupt()
    before = {int(number): signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        interrupt.came = True
        signal.signal(number, before[number])

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
