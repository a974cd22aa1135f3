"""The table, for a terminal and for the documents."""

from __future__ import annotations

from typing import Any

from benchmarks.results import Results, Row
from stemgmd_tools.markdown import markdown_table


def _figure(row: Row) -> str:
    if row.figure is None:
        return "absent"
    if 0 < abs(row.figure) < 0.005:
        return f"{row.figure:.1e} {row.unit}".rstrip()
    digits = 0 if row.figure >= 100 else 1 if row.figure >= 10 else 2
    return f"{row.figure:,.{digits}f} {row.unit}".replace(" x", "x").rstrip()


def _reach(row: Row) -> str:
    parts = []
    if row.at_least is not None:
        parts.append(f">= {row.at_least:,g}")
    if row.at_most is not None:
        parts.append(f"<= {row.at_most:,g}")
    return ", ".join(parts)


def _met(row: Row) -> str:
    return {True: "yes", False: "NO", None: ""}[row.met]


def _cells(row: Row) -> tuple[str, ...]:
    return row.what, _figure(row), _reach(row), _met(row), row.note


def line(row: Row) -> str:
    """Return one row for a terminal, while the others are still being measured."""
    what, figure, reach, met, note = _cells(row)
    wanted = f"  [{reach}: {met or 'not measured'}]" if reach else ""
    return f"{what}: {figure}{wanted}{f'  ({note})' if note else ''}"


HEADER = ("what", "measured", "reach", "met", "how")


def text(results: Results) -> str:
    """Return the table for a terminal."""
    rows = [HEADER, *(_cells(row) for row in results.rows)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([_machine(results), results.material, "", *lines])


def markdown(content: dict[str, Any]) -> str:
    """Return the table for ``docs/benchmarks.md``."""
    results = Results.of(content)
    return f"{_machine(results)}. {results.material}\n\n{markdown_table(HEADER, map(_cells, results.rows))}"


def _machine(results: Results) -> str:
    return ", ".join(value if key == "processor" else f"{key} {value}" for key, value in results.machine.items())
