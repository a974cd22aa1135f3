"""Add up the outcomes of jobs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from stemgmd_tools.corpus.folder.job import Outcome
from stemgmd_tools.runtime.quantities import size_text


@dataclass
class Tally:
    """Sums of outcomes.

    :param total_s: nominal duration of the performances of all jobs in seconds.
    :param total_files: files of all jobs.
    """

    total_s: float
    total_files: int
    rendered: int = 0
    """Jobs that were not complete already."""
    files: int = 0
    bytes: int = 0
    performance_s: float = 0.0
    _rendered_s: float = 0.0
    _started_s: float = field(default_factory=time.monotonic)

    def add(self, outcome: Outcome) -> None:
        """Count a finished job."""
        self.rendered += outcome.done
        self.files += outcome.files
        self.bytes += outcome.bytes
        self.performance_s += outcome.performance_s
        self._rendered_s += outcome.performance_s if outcome.done else 0.0

    def __str__(self) -> str:
        """Return rate, files and bytes; the rate is seconds of rendered performances per second."""
        rate = self._rendered_s / max(time.monotonic() - self._started_s, 1e-3)
        return f"{rate:.0f}x real time, {self.files:,}/{self.total_files:,} files, {size_text(self.bytes)}"
