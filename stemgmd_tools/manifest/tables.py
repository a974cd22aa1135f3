"""All manifests of a corpus, put together from the columns that :mod:`stemgmd_tools.manifest.columns` declares."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from stemgmd_tools.manifest.schema import Columns, Table
from stemgmd_tools.runtime.plugins import PluginError, declared

_PACKAGE: Final = "stemgmd_tools.manifest.columns"

_TABLES: Final = (
    Table("performances", "The performances: one row per performance.", key=("performance",)),
    Table(
        "stems",
        "Rendered audio: one row per track, that is performance x kit x (nine stems, mixture, group stems if asked "
        "for).",
        key=("performance", "kit", "track"),
    ),
    Table(
        "microphones",
        "What the microphones of recorded kits hear, in corpora rendered with `--microphones`: one row per performance "
        "x kit x microphone x (nine pieces, mixture). The tracks of a piece add up to its stem, those of a microphone "
        "to its mixture, integer for integer.",
        key=("performance", "kit", "microphone", "track"),
    ),
    Table(
        "hits",
        "The hits: one row per hit of every performance, the same for all kits.",
        key=("performance", "index"),
    ),
    Table(
        "single_hits",
        "One-shots of every kit: one row per articulation and velocity. Each is the take of its layer with which "
        "levels fall least from velocity to velocity: in a modelled kit they rise, in a recorded one as far as its "
        "recordings do.",
        key=("kit", "articulation", "velocity"),
    ),
    Table("kits", "The kits: one row per kit.", key=("kit",)),
    Table(
        "augmentations",
        "The effects of an augmented corpus: one row per effect applied to an example, and one row (step 0) with the "
        "source of the example. The rows are sufficient to rebuild the audio.",
        key=("performance", "kit", "step", "line"),
    ),
)
"""The tables, without columns."""


def _with_columns(table: Table, groups: Iterable[Columns]) -> Table:
    """Return a table with the columns that are declared for it.

    :raises PluginError: if a column is declared twice, follows an unknown one, is optional but not
        nullable, or has no value.
    """
    columns = list(table.columns)
    for group in groups:
        names = [column.name for column in columns]
        for column in group.columns:
            if column.name in names:
                raise PluginError(f"manifest {table.name}: column {column.name} is declared twice; rename one")
            if column.optional and not column.nullable:
                raise PluginError(f"manifest {table.name}: column {column.name} is optional; declare it nullable too")
            if column.value is None and table.name != "augmentations":
                raise PluginError(
                    f"manifest {table.name}: column {column.name} has no value; declare how to compute it"
                )
        if group.after and group.after not in names:
            raise PluginError(f"manifest {table.name}: no column {group.after}, which {group.columns[0].name} follows")
        place = names.index(group.after) + 1 if group.after else len(names)
        columns[place:place] = group.columns
    return replace(table, columns=tuple(columns))


def _tables() -> dict[str, Table]:
    """Return all tables by name; a table's own module comes first, others follow by name, then those of entry points.

    :raises PluginError: if a declaration is not valid.
    """
    groups = declared(_PACKAGE, "COLUMNS", Columns)
    known = [table.name for table in _TABLES]
    own = {table.name: importlib.import_module(f"{_PACKAGE}.{table.name}").COLUMNS for table in _TABLES}
    for group in groups:
        if group.table not in known:
            raise PluginError(
                f"{_PACKAGE}: columns of an unknown manifest {group.table!r}; there are {', '.join(known)}"
            )
    return {
        table.name: _with_columns(
            table,
            [own[table.name], *(g for g in groups if g.table == table.name and g is not own[table.name])],
        )
        for table in _TABLES
    }


TABLES: Final = _tables()
"""Every manifest by name."""

PERFORMANCES: Final = TABLES["performances"]
STEMS: Final = TABLES["stems"]
MICROPHONES: Final = TABLES["microphones"]
HITS: Final = TABLES["hits"]
SINGLE_HITS: Final = TABLES["single_hits"]
KITS: Final = TABLES["kits"]
AUGMENTATIONS: Final = TABLES["augmentations"]


def tables_of(*, augmented: bool, microphones: bool = False) -> dict[str, Table]:
    """Return the manifests of a corpus by name.

    :param augmented: whether the corpus is augmented; only then there are ``augmentations``.
    :param microphones: whether it was rendered with tracks of microphones; only then there are ``microphones``.
    """
    left_out = [table for table, there in ((AUGMENTATIONS, augmented), (MICROPHONES, microphones)) if not there]
    return {name: table for name, table in TABLES.items() if table not in left_out}
