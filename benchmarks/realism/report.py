"""The sections for a terminal and for ``docs/realism.md``."""

from __future__ import annotations

from collections.abc import Iterable

from benchmarks.realism.results import Results, Section
from benchmarks.results import Row
from stemgmd_tools.markdown import markdown_table

HEADER = ("what", "measured", "reach", "met", "how")


def number(value: float | None, unit: str = "") -> str:
    """Return a figure with three significant digits or so."""
    if value is None:
        return "absent"
    size = abs(value)
    digits = 0 if size >= 100 else 1 if size >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def _measured(row: Row) -> str:
    text = number(row.figure, row.unit)
    if row.low is not None and row.high is not None:
        text += f" ({number(row.low)} .. {number(row.high)})"
    return text


def _reach(row: Row) -> str:
    parts = [] if row.at_least is None else [f">= {row.at_least:g}"]
    parts += [] if row.at_most is None else [f"<= {row.at_most:g}"]
    return ", ".join(parts)


def _cells(row: Row) -> tuple[str, ...]:
    return row.what, _measured(row), _reach(row), {True: "yes", False: "NO", None: ""}[row.met], row.note


def line(row: Row) -> str:
    """Return one row for a terminal, while the others are still being measured."""
    what, measured, reach, met, note = _cells(row)
    wanted = f"  [{reach}: {met or 'not measured'}]" if reach else ""
    return f"{what}: {measured}{wanted}{f'  ({note})' if note else ''}"


def proof(results: Results) -> str:
    """Return every row that has something to reach, in one table."""
    rows = [_cells(row) for section in results.sections.values() for row in section.rows if _reach(row)]
    return f"{_machine(results)}.\n\n{markdown_table(HEADER, rows)}"


def details(results: Results) -> str:
    """Return every section: what was measured, all of its rows and tables."""
    return "\n\n".join(_section(section) for section in results.sections.values())


def _section(section: Section) -> str:
    parts = [f"### {section.title}", section.text]
    if section.rows:
        parts.append(markdown_table(HEADER, map(_cells, section.rows)))
    for table in section.tables:
        parts += [f"{table.title}:", markdown_table(table.header, table.rows)]
    parts.append(f"Measured in {section.seconds / 60:.1f} minutes.")
    return "\n\n".join(parts)


def tried(entries: Iterable[dict[str, str]]) -> str:
    """Return the table of what was tried, with what came of it."""
    rows = [(entry["part"], entry["tried"], entry["found"], entry["kept"]) for entry in entries]
    return markdown_table(("part", "tried", "found", "kept"), rows)


def _machine(results: Results) -> str:
    return ", ".join(value if key == "processor" else f"{key} {value}" for key, value in results.machine.items())
