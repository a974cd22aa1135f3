"""Texts of sizes, durations and counts."""

from __future__ import annotations


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


def counted(number: int, noun: str, plural: str = "") -> str:
    """Return a number with its noun.

    :param plural: of the noun; by default it ends in ``s``.

    >>> counted(1, "file"), counted(2_000, "file"), counted(0, "process", "processes")
    ('1 file', '2,000 files', '0 processes')
    """
    return f"{number:,} {noun if number == 1 else plural or f'{noun}s'}"
