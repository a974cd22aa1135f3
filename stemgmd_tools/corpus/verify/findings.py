"""What a check found wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from stemgmd_tools.corpus.verify.attacks import Rises


class Failure(NamedTuple):
    """One thing that is not as it should be."""

    check: str
    """Name of the check."""
    where: str
    """File or row."""
    found: str
    expected: str


@dataclass(slots=True)
class Findings:
    """What checks found so far."""

    failures: list[Failure] = field(default_factory=list)
    onsets: int = 0
    """Attacks that were measured on the audio."""
    rises: Rises = field(default_factory=dict)
    """How far from their hits strokes rise."""

    def add(self, check: str, where: str, found: object, expected: object) -> None:
        """Take in a failure."""
        self.failures.append(Failure(check, where, str(found), str(expected)))

    def take(self, other: Findings) -> None:
        """Take in what another check found."""
        self.failures += other.failures
        self.onsets += other.onsets
        for stroke, some in other.rises.items():
            self.rises.setdefault(stroke, []).extend(some)


def failure_table(failures: Sequence[Failure]) -> list[str]:
    """Return failures as aligned lines, headed by the columns' names."""
    rows = [Failure._fields, *failures]
    widths = [max(len(row[column]) for row in rows) for column in range(len(Failure._fields))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
