"""Types for declaring the columns and tables of manifests."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

import pandas as pd
import pyarrow as pa

from stemgmd_tools.manifest.values import Value


class Dtype(StrEnum):
    """Data type of a column."""

    TEXT = "text"
    INTEGER = "integer"
    REAL = "real"
    FLAG = "flag"


ARROW_TYPE: Final = {
    Dtype.TEXT: pa.string(),
    Dtype.INTEGER: pa.int64(),
    Dtype.REAL: pa.float64(),
    Dtype.FLAG: pa.bool_(),
}
"""Column kind -> Parquet type."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a manifest."""

    name: str
    kind: Dtype
    description: str
    unit: str = ""
    nullable: bool = False
    """Whether a value may be missing: a null in Parquet, see ``csv_fields`` for CSV."""
    allowed: tuple[str, ...] = ()
    """The values allowed for a text, in sorting order; empty for any text."""
    low: float = -math.inf
    high: float = math.inf
    """Smallest and largest number allowed."""
    pattern: str = ""
    """Regular expression that a whole text must match."""
    value: Value | None = None
    """How the column is computed; None if the rows are given with it."""
    optional: bool = False
    """Whether files may lack the column, as those written before it was added; then ``nullable`` has to be true."""

    @property
    def dtype(self) -> pd.StringDtype[Any] | str:
        """The pandas dtype of the column; it does not depend on missing values."""
        if self.kind is Dtype.TEXT:
            return pd.StringDtype("pyarrow")
        if self.kind is Dtype.INTEGER:
            return "Int64" if self.nullable else "int64"
        if self.kind is Dtype.FLAG:
            return "boolean" if self.nullable else "bool"
        return "float64"

    @property
    def values(self) -> str:
        """Description of the values allowed."""
        if self.allowed:
            return " \\| ".join(self.allowed)
        if math.isfinite(self.low) and math.isfinite(self.high):
            return f"{self.low:g} .. {self.high:g}"
        if math.isfinite(self.low):
            return f">= {self.low:g}"
        return f"<= {self.high:g}" if math.isfinite(self.high) else ""


@dataclass(frozen=True, slots=True)
class Columns:
    """What a module of :mod:`stemgmd_tools.manifest.columns` declares: columns of one table."""

    table: str
    """Name of the table, such as ``stems``."""
    columns: tuple[Column, ...]
    after: str = ""
    """Column that they follow in the files; the last one if empty."""


@dataclass(frozen=True, slots=True)
class Table:
    """One manifest: a file ``<name>.parquet`` and a file ``<name>.csv`` with the same rows."""

    name: str
    description: str
    columns: tuple[Column, ...] = ()
    key: tuple[str, ...] = ()
    """Columns that identify a row, and by which the file is sorted."""

    @property
    def names(self) -> list[str]:
        """Column names in file order."""
        return [column.name for column in self.columns]

    @property
    def schema(self) -> pa.Schema:
        """The Parquet schema, with the table's name as metadata."""
        fields = [pa.field(column.name, ARROW_TYPE[column.kind], nullable=column.nullable) for column in self.columns]
        return pa.schema(fields, metadata={"stemgmd_table": self.name})

    def column(self, name: str) -> Column:
        """Return the column of that name; :class:`KeyError` if there is none."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(name)
