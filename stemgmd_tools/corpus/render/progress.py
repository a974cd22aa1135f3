"""Show the progress of a run as a bar if the stream is a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, Protocol, TextIO

from tqdm import tqdm

from stemgmd_tools.corpus.folder.job import Outcome

_BAR: Final = "{percentage:3.0f}% |{bar}| {elapsed}, {remaining} left{postfix}"


class Progress(Protocol):
    """Interface that receives every outcome of a run."""

    def start(self, performance_s: float, files: int) -> None:
        """Start with the total nominal duration in seconds and the total number of files."""
        ...

    def update(self, outcome: Outcome) -> None:
        """Count one finished job."""
        ...

    def close(self) -> None:
        """Finish."""
        ...


class Quiet:
    """Progress that shows nothing."""

    def start(self, performance_s: float, files: int) -> None:
        """Ignore."""

    def update(self, outcome: Outcome) -> None:
        """Ignore."""

    def close(self) -> None:
        """Ignore."""


class _Tally:
    """Sums of outcomes, shown as text."""

    def __init__(self, files_total: int) -> None:
        self.files_total = files_total
        self.files = self.bytes = 0
        self.rendered_s = 0.0
        self.began = time.monotonic()

    def add(self, outcome: Outcome) -> None:
        self.files += outcome.files
        self.bytes += outcome.bytes
        self.rendered_s += outcome.performance_s if outcome.done else 0.0

    def __str__(self) -> str:
        """Return rate, files and bytes; the rate is seconds of performance per second."""
        rate = self.rendered_s / max(time.monotonic() - self.began, 1e-3)
        return f"{rate:.0f}x real time, {self.files:,}/{self.files_total:,} files, {size_text(self.bytes)}"


class ProgressBar:
    """A progress bar for a terminal."""

    def __init__(self, stream: TextIO) -> None:
        """Draw on ``stream``."""
        self._stream = stream
        self._tally = _Tally(0)
        self._bar: tqdm[Any] | None = None

    def start(self, performance_s: float, files: int) -> None:
        """Draw the empty bar."""
        self._tally = _Tally(files)
        bar: tqdm[Any] = tqdm(total=performance_s, file=self._stream, bar_format=_BAR, dynamic_ncols=True)
        self._bar = bar

    def update(self, outcome: Outcome) -> None:
        """Advance the bar by the duration of a job's performance."""
        self._tally.add(outcome)
        if self._bar is not None:
            self._bar.set_postfix_str(str(self._tally), refresh=False)
            self._bar.update(outcome.performance_s)

    def close(self) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()


def progress_on(stream: TextIO, *, quiet: bool = False) -> Progress:
    """Return a bar if ``stream`` is a terminal, unless ``quiet``."""
    return ProgressBar(stream) if stream.isatty() and not quiet else Quiet()


@contextmanager
def counter_on(stream: TextIO, *, quiet: bool = False) -> Iterator[Callable[[int, int], None]]:
    """Yield a callback ``(done, total)`` that updates a bar if ``stream`` is a terminal, unless ``quiet``."""
    bar: tqdm[Any] = tqdm(file=stream, disable=quiet or not stream.isatty(), dynamic_ncols=True)
    with bar:

        def counted(done: int, total: int) -> None:
            bar.total = total
            bar.update(done - bar.n)

        yield counted


def size_text(size: float) -> str:
    """Return a number of bytes as text in decimal units.

    >>> size_text(1_234_567)
    '1.2 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if size < 1000:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1000
    return f"{size:.1f} TB"


def duration_text(seconds: float) -> str:
    """Return a duration as text.

    >>> duration_text(90)
    '1.5 min'
    """
    if seconds < 60:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 3600 else f"{seconds / 3600:.2f} h"
