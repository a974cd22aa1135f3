"""Examples and rows: what is augmented, and the effects applied to it, sufficient to rebuild the result."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from stemgmd_tools.augment.chain.effect import Value
from stemgmd_tools.errors import UsageError
from stemgmd_tools.storage.json_text import parse_json

ALL_STEMS: Final = -1
"""Stem index of a row that applies to all stems of the example alike, or to the mixture."""

SIGNIFICANT_DIGITS: Final = 9
"""Significant digits of drawn numbers: precise enough for any parameter, short enough to read."""


class Example(NamedTuple):
    """A performance through a kit, or a segment of it, as pieces or as groups."""

    name: str
    """``PERFORMANCE+KIT+COPY``, unique in a run; draws depend on it."""
    performance: str
    kit: str
    copy: int
    """Number of the copy, from 1."""
    start: int
    """Frame of the performance at which the segment starts, before changes of tempo."""
    frames: int | None
    """Length of the segment; None for all of it."""
    stems: tuple[str, ...]
    """Nine pieces or five groups in canonical order: the axis of the stems."""
    target: tuple[str, ...] = ()
    """The target stems of training; empty for all."""


class Row(NamedTuple):
    """One effect applied to one stem, to all stems or to the mixture."""

    example: str
    step: int
    """Index of the chain's step, from 0; rows are applied in this order."""
    effect: str
    """Name in the catalogue."""
    scope: str
    """``example``, ``stem``, ``target`` or ``mixture``."""
    stem: int
    """Index in the example's stems; :data:`ALL_STEMS` for all of them alike and for the mixture."""
    parameters: Mapping[str, Value]
    """Every parameter of the effect, by name."""


def example_name(performance: str, kit: str, copy: int) -> str:
    """Return the name of an example.

    >>> example_name("drummer1/session1/3", "cedar_hall", 1)
    'drummer1/session1/3+cedar_hall+1'
    """
    return f"{performance}+{kit}+{copy}"


def rounded(value: float) -> float:
    """Return ``value`` with :data:`SIGNIFICANT_DIGITS` significant digits.

    >>> rounded(0.1234567891234)
    0.123456789
    """
    return float(f"{value:.{SIGNIFICANT_DIGITS}g}")


def rows_to_json(rows: Iterable[Row]) -> str:
    """Return rows as JSON: a list of objects, one per line."""
    lines = (json.dumps({**row._asdict(), "parameters": dict(row.parameters)}, ensure_ascii=False) for row in rows)
    return "[\n" + ",\n".join(lines) + "\n]\n"


def rows_from_json(text: str) -> tuple[Row, ...]:
    """Return the rows that :func:`rows_to_json` wrote, bit-identical.

    :raises UsageError: if the text is not a list of rows.
    """
    try:
        return tuple(_row(entry) for entry in parse_json(text))
    except (ValueError, TypeError) as error:
        raise UsageError(f"rows: cannot be read ({error}); they are what a run wrote, unchanged") from error


def _row(entry: Any) -> Row:
    row = Row(**entry)
    types = (str, int, str, str, int, dict)
    for name, value, expected in zip(Row._fields, row, types, strict=True):
        if not isinstance(value, expected) or isinstance(value, bool):
            raise TypeError(f"{name} is {value!r}")
    return row
