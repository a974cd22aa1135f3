"""Read and write manifests as byte-stable Parquet and CSV files."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv as arrow_csv
import pyarrow.parquet as pq

from stemgmd_tools.errors import CorpusError
from stemgmd_tools.manifest.csv_fields import MISSING_TEXT, field_to_text, text_to_field
from stemgmd_tools.manifest.frames import series_of, validate
from stemgmd_tools.manifest.schema import ARROW_TYPE, Column, Dtype, Table
from stemgmd_tools.manifest.tables import TABLES
from stemgmd_tools.storage.files import write_together

_ROWS_PER_GROUP: Final = 131_072
_FLAG_TEXT: Final = {True: "true", False: "false"}


def write_manifest(folder: Path, table: Table, frame: pd.DataFrame) -> tuple[Path, Path]:
    """Write ``<table>.parquet`` and ``<table>.csv`` into ``folder``; neither is renamed before both are complete.

    Equal frames give equal bytes, without index, time or version of pandas; Parquet bytes depend on the version of
    pyarrow. CSV follows RFC 4180 with ``\\n`` line ends, UTF-8, floats in the shortest form that reads back to the same
    value, texts escaped by :mod:`stemgmd_tools.manifest.csv_fields`, other missing values as empty fields.

    :return: the paths of the two files.
    :raises CorpusError: if the frame does not fit the table.
    """
    validate(table, frame)
    parquet, text = folder / f"{table.name}.parquet", folder / f"{table.name}.csv"
    write_together({parquet: parquet_bytes(table, frame), text: csv_bytes(table, frame)})
    return parquet, text


def read_manifest(path: Path | str, table: Table | None = None) -> pd.DataFrame:
    """Read a manifest; its ``.parquet`` and its ``.csv`` give the same typed, validated frame.

    Optional columns that the file lacks have missing values; columns that are not declared are left out. The CSV may
    have been saved by a spreadsheet: with a byte order mark, ``\\r\\n`` line ends, flags in capitals.

    :param table: table of the file; by default the one that the file is named after.
    :raises CorpusError: if the file is missing, unreadable or does not fit its table.
    """
    path = Path(path)
    table = table or TABLES.get(path.stem)
    if table is None:
        raise CorpusError(f"{path}: no manifest of that name; known: {', '.join(TABLES)}")
    if path.suffix not in _READERS:
        raise CorpusError(f"{path}: a manifest ends in .parquet or .csv")
    try:
        frame = _READERS[path.suffix](path, table)
    except FileNotFoundError:
        raise CorpusError(f"{path}: no such manifest") from None
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise CorpusError(f"{path}: cannot be read as {table.name} ({error})") from error
    try:
        validate(table, frame)
    except CorpusError as error:
        raise CorpusError(f"{path}: {error}") from None
    return frame


def parquet_bytes(table: Table, frame: pd.DataFrame) -> bytes:
    """Return the bytes of the Parquet file of a typed frame."""
    columns = [
        pa.array(frame[column.name], type=field.type, from_pandas=True)
        for column, field in zip(table.columns, table.schema, strict=True)
    ]
    sink = pa.BufferOutputStream()
    pq.write_table(
        pa.Table.from_arrays([_contiguous(column) for column in columns], schema=table.schema),
        sink,
        row_group_size=_ROWS_PER_GROUP,
        compression="zstd",
        version="2.6",
        store_schema=False,
    )
    return bytes(sink.getvalue().to_pybytes())


def _contiguous(column: pa.Array | pa.ChunkedArray) -> pa.Array:
    """Return one contiguous array, so that the bytes do not depend on the chunks of a frame."""
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column


def csv_bytes(table: Table, frame: pd.DataFrame) -> bytes:
    """Return the bytes of the CSV file of a typed frame."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(table.names)
    writer.writerows(zip(*(_fields(column, frame[column.name]) for column in table.columns), strict=True))
    return text.getvalue().encode()


def _fields(column: Column, series: pd.Series) -> list[str]:
    """Return one column as CSV fields."""
    if column.kind is Dtype.TEXT:
        texts = [None if pd.isna(text) else str(text) for text in series.tolist()]
        fields = {text: text_to_field(text) for text in set(texts)}
        return [fields[text] for text in texts]
    render: Callable[[object], str] = str
    if column.kind is Dtype.REAL:
        render = repr  # the shortest text that reads back to the same double
    elif column.kind is Dtype.FLAG:
        render = _flag
    missing = series.isna().to_numpy()
    return ["" if is_missing else render(value) for value, is_missing in zip(series.tolist(), missing, strict=True)]


def _flag(value: object) -> str:
    return _FLAG_TEXT[bool(value)]


def _arrow_file(path: Path) -> pa.OSFile:
    """Open a file with Arrow: its threads can abort the process when they release a Python file."""
    return pa.OSFile(os.fsencode(path))  # names need not be text


def _read_parquet(path: Path, table: Table) -> pd.DataFrame:
    """Read typed columns; types are checked, not converted."""
    with _arrow_file(path) as file:
        loaded = pq.read_table(file)
    present = _present(table, loaded.column_names)
    for column in present:
        expected = ARROW_TYPE[column.kind]
        if loaded.schema.field(column.name).type != expected:
            raise ValueError(f"column {column.name} is {loaded.schema.field(column.name).type}, expected {expected}")
    return _frame(table, {column.name: _typed(column, loaded[column.name]) for column in present})


def _present(table: Table, names: list[str]) -> list[Column]:
    """Return the columns of a table that a file has; only optional ones may be absent, unknown ones are not read."""
    present = [column for column in table.columns if not column.optional or column.name in names]
    if [name for name in names if name in table.names] != [column.name for column in present]:
        raise ValueError(f"columns {', '.join(names)}; expected {', '.join(table.names)}")
    return present


def _frame(table: Table, present: dict[str, pd.Series]) -> pd.DataFrame:
    """Return the frame of a table; columns that are not present have missing values."""
    rows = len(next(iter(present.values())))
    return pd.DataFrame(
        {
            column.name: present[column.name]
            if column.name in present
            else series_of(column, np.full(rows, None, object))
            for column in table.columns
        }
    )


def _typed(column: Column, values: pa.ChunkedArray) -> pd.Series:
    if values.null_count and not column.nullable:
        raise ValueError(f"column {column.name} has missing values")
    if column.kind is Dtype.TEXT:
        return pd.Series(values.to_pylist(), dtype=column.dtype)
    if column.kind is Dtype.REAL:
        return pd.Series(values.to_numpy().astype(np.float64), dtype=column.dtype)
    if values.null_count:
        return pd.Series(values.to_pylist(), dtype=column.dtype)
    return pd.Series(values.to_numpy(), dtype=column.dtype)


def _read_csv(path: Path, table: Table) -> pd.DataFrame:
    """Read typed columns: texts as written, numbers to the nearest double, empty fields as missing."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        header = next(csv.reader(file), [])
    if len(header) == 1 and header[0].split(";") == table.names:
        raise ValueError(
            "its fields are separated by semicolons; save it with commas between fields and points in numbers"
        )
    present = _present(table, header)
    with _arrow_file(path) as file:
        loaded = arrow_csv.read_csv(
            file,
            parse_options=arrow_csv.ParseOptions(ignore_empty_lines=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types={column.name: ARROW_TYPE[column.kind] for column in present},
                include_columns=[column.name for column in present],
                null_values=["", MISSING_TEXT],
                strings_can_be_null=True,
                true_values=_spellings(_FLAG_TEXT[True]),
                false_values=_spellings(_FLAG_TEXT[False]),
            ),
        )
    return _frame(table, {column.name: _typed(column, _unmarked(column, loaded[column.name])) for column in present})


def _spellings(word: str) -> list[str]:
    return [word, word.capitalize(), word.upper()]


def _unmarked(column: Column, fields: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return the values of a column's fields."""
    if column.kind is not Dtype.TEXT:
        return fields
    texts = {field: field and field_to_text(field) for field in fields.unique().to_pylist()}
    if all(field == text for field, text in texts.items()):
        return fields
    return pa.chunked_array([[texts[field] for field in fields.to_pylist()]], type=fields.type)


_READERS: Final = {".parquet": _read_parquet, ".csv": _read_csv}
