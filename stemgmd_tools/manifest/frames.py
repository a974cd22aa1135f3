"""Create typed frames from rows and validate them against a table's declaration."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools.errors import CorpusError
from stemgmd_tools.manifest.schema import Column, Dtype, Table
from stemgmd_tools.storage import paths

CONTROL: Final = re.compile(f"[{paths.CONTROL}{paths.NOT_TEXT}]")
"""Characters that are not allowed in a manifest: control characters and surrogates of bytes that are not UTF-8."""
_IN_WORDS: Final = {
    paths.RELATIVE_PATH: "a path of parts joined by /, none of them . or .., without control characters",
    paths.KIT_NAME: "a name of a-z, 0-9 and _",
}
_LARGEST_INTEGER: Final = 2**63 - 1


def empty(table: Table) -> pd.DataFrame:
    """Return an empty frame with typed columns."""
    return pd.DataFrame({column.name: pd.Series([], dtype=column.dtype) for column in table.columns})


def frame_of(table: Table, rows: Iterable[Mapping[str, object]]) -> pd.DataFrame:
    """Return a typed, sorted and validated frame of ``rows``.

    :param rows: one mapping per row; ``None`` is a missing value; unknown keys are an error.
    :raises CorpusError: if a row or the frame does not fit the table.
    """
    names = set(table.names)
    values: dict[str, list[object]] = {name: [] for name in table.names}
    for number, row in enumerate(rows):
        if row.keys() != names:
            differing = ", ".join(sorted(row.keys() ^ names))
            raise CorpusError(f"{table.name} row {number}: columns missing or unknown: {differing}")
        for name, value in row.items():
            values[name].append(value)
    frame = pd.DataFrame({column.name: _series(table, column, values[column.name]) for column in table.columns})
    frame = in_order(table, frame)
    validate(table, frame)
    return frame


_ACCEPTED: Final[dict[Dtype, tuple[type, ...]]] = {
    Dtype.TEXT: (str,),
    Dtype.INTEGER: (int, np.integer),
    Dtype.REAL: (int, float, np.integer, np.floating),
    Dtype.FLAG: (bool, np.bool_),
}


def _series(table: Table, column: Column, values: list[object]) -> pd.Series:
    """Return one typed column; values of other types are errors, not converted."""
    accepted = _ACCEPTED[column.kind]
    for number, value in enumerate(values):
        if value is None and column.nullable:
            continue
        is_flag = isinstance(value, (bool, np.bool_))
        if not isinstance(value, accepted) or is_flag != (column.kind is Dtype.FLAG):
            raise CorpusError(f"{table.name}.{column.name} row {number}: found {value!r}, expected {column.kind.value}")
        if column.kind is Dtype.INTEGER and not -_LARGEST_INTEGER <= value <= _LARGEST_INTEGER:  # type: ignore[operator]
            raise CorpusError(f"{table.name}.{column.name} row {number}: {value!r} does not fit 64 bits")
        if isinstance(value, str) and CONTROL.search(value):
            raise CorpusError(f"{table.name}.{column.name} row {number}: {value!r} holds a control character")
    return pd.Series(values, dtype=column.dtype)


def series_of(column: Column, values: NDArray[Any]) -> pd.Series:
    """Return an array of a column's values as a typed series; None in an array of objects is a missing value."""
    if column.kind is Dtype.REAL:
        return pd.Series(values.astype(np.float64), dtype=column.dtype)
    return pd.Series(values, dtype=column.dtype)


def in_order(table: Table, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows sorted by the table's key: declared order for enumerated texts, code points for others."""

    def rank(series: pd.Series) -> pd.Series:
        column = table.column(str(series.name))
        if column.allowed:
            places = {value: place for place, value in enumerate(column.allowed)}
            return pd.Series([places.get(value, len(places)) for value in series.tolist()], index=series.index)
        return series.astype(object) if column.kind is Dtype.TEXT else series

    return frame.sort_values(list(table.key), key=rank, kind="stable", ignore_index=True)


def validate(table: Table, frame: pd.DataFrame) -> None:
    """Check a typed frame against its declaration.

    :raises CorpusError: with table, column, first bad row, the value found and the values allowed.
    """
    if list(frame.columns) != table.names:
        raise CorpusError(
            f"{table.name}: found columns {', '.join(map(str, frame.columns))}; expected {', '.join(table.names)}"
        )
    for column in table.columns:
        _validate_column(table, column, frame[column.name])
    repeated = frame.duplicated(list(table.key))
    if repeated.any():
        row = int(repeated.to_numpy().argmax())
        key = ", ".join(f"{name} {frame[name].iloc[row]}" for name in table.key)
        raise CorpusError(f"{table.name} row {row}: a second row for {key}")
    if not in_order(table, frame[list(table.key)]).equals(frame[list(table.key)].reset_index(drop=True)):
        raise CorpusError(f"{table.name}: rows are not sorted by {', '.join(table.key)}")


def _validate_column(table: Table, column: Column, series: pd.Series) -> None:
    """Check dtype, missing values, range, enumeration and pattern of one column."""
    place = f"{table.name}.{column.name}"
    if series.dtype != column.dtype:
        raise CorpusError(f"{place}: dtype is {series.dtype}, expected {column.dtype}")

    def refuse(bad: NDArray[np.bool_], expected: str) -> None:
        if bad.any():
            row = int(bad.argmax())
            raise CorpusError(f"{place} row {row}: found {series.iloc[row]!r}, allowed: {expected}")

    if not column.nullable:
        refuse(series.isna().to_numpy(), "no missing value")
    if column.kind is Dtype.TEXT:
        is_bad = _text_check(column)
        bad = {text for text in series.dropna().unique().tolist() if is_bad(text)}
        refuse(series.astype(object).isin(bad).to_numpy(), _texts(column))
    elif column.kind is not Dtype.FLAG:
        numbers = series.to_numpy(dtype="float64", na_value=np.nan)
        refuse((numbers < column.low) | (numbers > column.high) | np.isinf(numbers), column.values or "finite numbers")


def _texts(column: Column) -> str:
    if column.allowed:
        return ", ".join(column.allowed)
    if column.pattern in _IN_WORDS:
        return _IN_WORDS[column.pattern]
    return f"text that matches {column.pattern}" if column.pattern else "text, not empty, without control characters"


def _text_check(column: Column) -> Callable[[str], bool]:
    """Return a test for invalid texts; empty texts are invalid, since CSV cannot distinguish them from missing ones."""
    pattern = re.compile(column.pattern) if column.pattern else None
    allowed = frozenset(column.allowed)

    def is_bad(text: str) -> bool:
        if allowed:
            return text not in allowed
        return not text or CONTROL.search(text) is not None or (pattern is not None and not pattern.fullmatch(text))

    return is_bad
