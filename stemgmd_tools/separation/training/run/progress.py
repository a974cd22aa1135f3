"""Show the progress of training: a bar on a terminal, else one line per minute."""

from __future__ import annotations

import time
from typing import Any, Final, NamedTuple, Protocol, TextIO

from tqdm import tqdm

from stemgmd_tools.corpus.render.progress import duration_text

_BAR: Final = "{percentage:5.1f}% |{bar}| {elapsed}, {remaining} left{postfix}"
_PARTS: Final = 10_000
_LINE_EVERY_S: Final = 60.0


class Pace(NamedTuple):
    """Progress and speed of a training."""

    progress: float
    """Spent share of the budget, 0..1."""
    step: int
    loss: float
    """Mean over the last steps."""
    steps_per_s: float
    real_time: float
    """Seconds of mixture processed per second."""
    wait_share: float
    """Share of the time spent waiting for data, 0..1."""

    def __str__(self) -> str:
        """Return all but the progress."""
        rate = f"{self.steps_per_s:.2f} it/s" if self.steps_per_s >= 0.1 else f"{1 / self.steps_per_s:.1f} s/it"
        return (
            f"step {self.step:,}, loss {self.loss:.4g}, {rate}, {self.real_time:.0f}x real time, "
            f"waits for data {self.wait_share:.0%}"
        )


class Watch(Protocol):
    """Receives the progress of a training."""

    def pace(self, pace: Pace) -> None:
        """Receive progress and speed."""
        ...

    def say(self, line: str) -> None:
        """Receive a message."""
        ...

    def close(self) -> None:
        """End a run; another may follow."""
        ...


class Silent:
    """Shows nothing."""

    def pace(self, pace: Pace) -> None:
        """Ignore."""

    def say(self, line: str) -> None:
        """Ignore."""

    def close(self) -> None:
        """Ignore."""


class Lines:
    """Writes one line per minute, and messages."""

    def __init__(self, stream: TextIO) -> None:
        """Write to ``stream``."""
        self._stream = stream
        self._started_s = self._last_line_s = time.monotonic()
        self._first: float | None = None

    def pace(self, pace: Pace) -> None:
        """Write a line, if the last one is at least a minute old."""
        now = time.monotonic()
        if self._first is None:
            self._first, self._started_s = pace.progress, now
        if now - self._last_line_s >= _LINE_EVERY_S:
            self._last_line_s = now
            done = pace.progress - self._first
            left = "" if done <= 0 else f", {duration_text((now - self._started_s) / done * (1 - pace.progress))} left"
            self.say(f"{pace.progress:6.1%}: {pace}{left}")

    def say(self, line: str) -> None:
        """Write a line."""
        self._stream.write(f"{line}\n")
        self._stream.flush()

    def close(self) -> None:
        """Forget where the run began: every line is out."""
        self._first = None


class TrainingBar:
    """A progress bar for a terminal."""

    def __init__(self, stream: TextIO) -> None:
        """Draw on ``stream``, from the first progress on."""
        self._stream = stream
        self._bar: tqdm[Any] | None = None

    def pace(self, pace: Pace) -> None:
        """Move the bar."""
        done = int(pace.progress * _PARTS)
        if self._bar is None:
            self._bar = tqdm(total=_PARTS, initial=done, file=self._stream, bar_format=_BAR, dynamic_ncols=True)
        self._bar.set_postfix_str(str(pace), refresh=False)
        self._bar.update(done - self._bar.n)
        self._bar.refresh()

    def say(self, line: str) -> None:
        """Write a line above the bar."""
        tqdm.write(line, file=self._stream)

    def close(self) -> None:
        """Leave the bar as it is; another run draws its own."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None


def watch_on(stream: TextIO, *, quiet: bool = False) -> Watch:
    """Return a bar if ``stream`` is a terminal, lines if it is not, nothing if ``quiet``."""
    if quiet:
        return Silent()
    return TrainingBar(stream) if stream.isatty() else Lines(stream)
