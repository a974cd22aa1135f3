"""Types for rows and tables of numbers in a sample map, given as YAML lists or as text:

values: |
  -29 -31 -34
  -41 -44 -52
"""

from __future__ import annotations

from typing import Annotated, Any, Final

from pydantic import BeforeValidator, Field, WithJsonSchema

_ROW_SCHEMA: Final[dict[str, Any]] = {"type": "array", "items": {"type": "number"}}
_TEXT_SCHEMA: Final[dict[str, Any]] = {"type": "string"}


def _row(value: Any) -> Any:
    """Return text as a row of numbers, a list as a tuple, anything else as it is."""
    if isinstance(value, str):
        return tuple(_number(word) for word in value.split())
    return tuple(value) if isinstance(value, list) else value


def _table(value: Any) -> Any:
    """Return lines of text as rows of numbers, lists as tuples, anything else as it is."""
    if isinstance(value, str):
        value = [line for line in value.splitlines() if line.strip()]
    return tuple(_row(row) for row in value) if isinstance(value, list | tuple) else value


def _number(word: str) -> float:
    try:
        return float(word)
    except ValueError:
        raise ValueError(f'found "{word[:20]}" in a row of numbers; numbers stand apart by spaces') from None


Row = Annotated[
    tuple[float, ...],
    BeforeValidator(_row),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [_ROW_SCHEMA, _TEXT_SCHEMA]}),
]
"""Numbers, e.g. ``[1, 2.5]`` or ``"1 2.5"``."""

Table = Annotated[
    tuple[tuple[float, ...], ...],
    BeforeValidator(_table),
    Field(min_length=1),
    WithJsonSchema({"anyOf": [{"type": "array", "items": _ROW_SCHEMA}, _TEXT_SCHEMA]}),
]
"""Rows of numbers; as text, one row a line."""
