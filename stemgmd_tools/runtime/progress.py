"""Show the progress of a run: a bar on a terminal; elsewhere nothing, or for long runs a line per minute."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol, TextIO

from tqdm import tqdm

from stemgmd_tools.runtime.quantities import duration_text

LINE_EVERY_S: Final = 60.0
_BAR: Final = "{desc}{percentage:%s}%% |{bar}| {elapsed}, {remaining} left{postfix}"
_PERCENTAGES: Final = {False: "3.0f", True: "5.1f"}


class Progress(Protocol):
    """Receives the progress of a run, or of several one after the other."""

    def update(self, done: float, total: float | None, text: str = "") -> None:
        """Receive how much is done of a total, both in any unit, and what to show beside it.

        :param total: None if it is unknown.
        """
        ...

    def say(self, line: str) -> None:
        """Receive a message."""
        ...

    def close(self) -> None:
        """End a run; another may follow."""
        ...


class Silent:
    """Shows nothing."""

    def update(self, done: float, total: float | None, text: str = "") -> None:
        """Ignore."""

    def say(self, line: str) -> None:
        """Ignore."""

    def close(self) -> None:
        """Ignore."""


class Lines:
    """Writes messages, and a line at most every :data:`LINE_EVERY_S`."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream
        self._started_s = self._last_line_s = time.monotonic()
        self._first: float | None = None

    def update(self, done: float, total: float | None, text: str = "") -> None:
        """Write a line if the last one is old enough: share, text and time left."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._started_s = done, now
        if now - self._last_line_s < LINE_EVERY_S:
            return
        self._last_line_s = now
        gained = done - self._first
        left = ""
        if total is not None and gained > 0:
            left = f", {duration_text((now - self._started_s) / gained * (total - done))} left"
        share = "" if not total else f"{done / total:6.1%}: "
        self.say(f"{share}{text}{left}")

    def say(self, line: str) -> None:
        """Write a line."""
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def close(self) -> None:
        """Forget where the run began: every line is out."""
        self._first = None


class Bar:
    """A progress bar for a terminal.

    :param title: shown before the bar.
    :param exact: show tenths of a percent.
    :param leave: leave the finished bar on the screen.
    """

    def __init__(self, stream: TextIO, *, title: str = "", exact: bool = False, leave: bool = True) -> None:
        """Draw on ``stream``, from the first progress on."""
        self._stream, self._title, self._leave = stream, title, leave
        self._format = _BAR % _PERCENTAGES[exact]
        self._bar: tqdm[Any] | None = None

    def update(self, done: float, total: float | None, text: str = "") -> None:
        """Move the bar."""
        if self._bar is None:
            self._bar = tqdm(
                desc=self._title or None,
                total=total,
                initial=done,
                file=self._stream,
                bar_format=self._format,
                dynamic_ncols=True,
                leave=self._leave,
                miniters=0,  # redraws by time alone, whatever the unit of ``done``
            )
        self._bar.total = total
        self._bar.set_postfix_str(text, refresh=False)
        self._bar.update(done - self._bar.n)

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        tqdm.write(line, file=self._stream)

    def close(self) -> None:
        """End the bar; another run draws its own."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def progress_on(
    stream: TextIO,
    *,
    quiet: bool = False,
    title: str = "",
    exact: bool = False,
    leave: bool = True,
    lines: bool = False,
) -> Progress:
    """Return a bar if ``stream`` is a terminal, unless ``quiet``; see :class:`Bar`.

    :param lines: write lines if it is no terminal.
    """
    if quiet:
        return Silent()
    if stream.isatty():
        return Bar(stream, title=title, exact=exact, leave=leave)
    return Lines(stream) if lines else Silent()


@contextmanager
def counter_on(stream: TextIO, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Yield a callback ``(done, total)`` that shows counts and their rate as :func:`progress_on` does."""
    progress = progress_on(stream, quiet=quiet)
    started_s = time.monotonic()

    def counted(done: int, total: int) -> None:
        rate = done / max(time.monotonic() - started_s, 1e-3)
        progress.update(done, total, f"{done:,}/{total:,}, {rate:.1f}/s")

    try:
        yield counted
    finally:
        progress.close()
