"""Columns of text that stand under one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Yield lines whose columns stand under one another."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def spread(low: int, high: int) -> str:
    """Return two whole numbers as ``low..high``, or one if they are the same."""
    return str(low) if low == high else f"{low}..{high}"
