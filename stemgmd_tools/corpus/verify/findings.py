"""Results of checks: failures, counts and measured delays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stemgmd_tools.corpus.verify.attacks import Rises


class Failure(NamedTuple):
    """One failed check."""

    check: str
    """Name of the check."""
    where: str
    """File or row that failed."""
    actual: str
    expected: str


@dataclass(slots=True)
class Findings:
    """Accumulated results of checks."""

    failures: list[Failure] = field(default_factory=list)
    onsets: int = 0
    """Number of attacks measured on the audio."""
    rises: Rises = field(default_factory=dict)
    """Delays of strokes after their hits."""

    def add(self, check: str, where: str, actual: object, expected: object) -> None:
        """Add a failure."""
        self.failures.append(Failure(check, where, str(actual), str(expected)))

    def merge(self, other: Findings) -> None:
        """Add the results of another check."""
        self.failures += other.failures
        self.onsets += other.onsets
        for stroke, rises in other.rises.items():
            self.rises.setdefault(stroke, []).extend(rises)


def failure_table(failures: Sequence[Failure]) -> list[str]:
    """Return failures as aligned lines under a header."""
    rows = [Failure._fields, *failures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(Failure._fields))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
