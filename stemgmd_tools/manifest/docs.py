"""Generate the reference of the manifests for ``docs/manifests.md``."""

from __future__ import annotations

from stemgmd_tools.manifest.schema import Column, Table
from stemgmd_tools.manifest.tables import TABLES


def reference() -> str:
    """Return the tables of all manifests as Markdown."""
    return "\n".join(_section(table) for table in TABLES.values())


def columns(table: Table) -> str:
    """Return the columns of a table as Markdown."""
    head = "| column | type | unit | may be missing | values | meaning |\n|---|---|---|---|---|---|"
    return "\n".join((head, *map(_row, table.columns)))


def _section(table: Table) -> str:
    key = ", ".join(f"`{name}`" for name in table.key)
    return f"### `{table.name}`\n\n{table.description} Key and sorting order: {key}.\n\n{columns(table)}\n"


def _row(column: Column) -> str:
    missing = "yes" if column.nullable else ""
    cells = (f"`{column.name}`", column.kind.value, column.unit, missing, column.values, column.description)
    return "| " + " | ".join(cells) + " |"
