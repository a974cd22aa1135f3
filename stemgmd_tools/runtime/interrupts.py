"""Handle Ctrl-C and SIGTERM: defer them to the end of a step, or unwind the program."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

_SAME_S: Final = 1.0
"""Signals of one kind within this time count as one: ``timeout`` signals its child, then its whole group."""


class Interrupt:
    """Whether an interruption was requested."""

    requested = False


@contextmanager
def interrupts() -> Iterator[Interrupt]:
    """Record the first Ctrl-C or SIGTERM; another of its kind, at least a second later, ends the program at once.

    The kinds are counted separately, since ``torchrun`` forwards Ctrl-C as SIGTERM to processes that received both.
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
    """Convert SIGTERM to ``SystemExit``, so that ``finally`` clauses clean up unfinished files."""

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
