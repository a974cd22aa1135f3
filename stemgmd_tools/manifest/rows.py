"""Compute rows of manifests from the declarations of their columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools.audio import Pcm
from stemgmd_tools.manifest.contexts import HitFacts, TrackFacts, TrackFormat
from stemgmd_tools.manifest.frames import empty, series_of
from stemgmd_tools.manifest.schema import Column, Dtype, Table
from stemgmd_tools.manifest.tables import HITS, STEMS
from stemgmd_tools.manifest.values import Copied, Known, Measured, Meter, Written

Row = dict[str, Any]


def known(table: Table, context: object) -> Row:
    """Return the values of a row that are known before rendering.

    :param context: see :mod:`stemgmd_tools.manifest.contexts`.
    """
    return {c.name: c.value.function(context) for c in table.columns if isinstance(c.value, Known)}


def written(table: Table, context: object) -> Row:
    """Return the values of a row that are known once its files are written.

    :param context: see :mod:`stemgmd_tools.manifest.contexts`.
    """
    return {c.name: c.value.function(context) for c in table.columns if isinstance(c.value, Written)}


def copied(table: Table, row: Row, rows: Mapping[str, Mapping[str, Row]]) -> Row:
    """Return the values of a row that other tables hold.

    :param row: the row so far, with the keys of the other tables' rows.
    :param rows: for ``performances`` and ``kits``, rows by key.
    """
    key = {"performances": "performance", "kits": "kit"}
    return {
        c.name: rows[c.value.table][row[key[c.value.table]]][c.value.column]
        for c in table.columns
        if isinstance(c.value, Copied)
    }


def completed(table: Table, row: Mapping[str, Any]) -> Row:
    """Return a stored row as this version declares it: unknown columns dropped, optional ones that it lacks missing.

    :raises KeyError: if it lacks another column.
    """
    return {c.name: row.get(c.name) if c.optional else row[c.name] for c in table.columns}


class TrackMeters:
    """The meters of one track, one of each class."""

    def __init__(self, track: TrackFormat) -> None:
        """Start with silence."""
        self._meters: dict[object, Meter] = {}
        for column in STEMS.columns:
            if isinstance(column.value, Measured) and column.value.meter not in self._meters:
                self._meters[column.value.meter] = column.value.meter(track)

    def update(self, block: Pcm) -> None:
        """Add the next samples, shape (frames, 2)."""
        for meter in self._meters.values():
            meter.update(block)

    def values(self) -> Row:
        """Return the measured columns of the track."""
        return {
            column.name: column.value.function(self._meters[column.value.meter])
            for column in STEMS.columns
            if isinstance(column.value, Measured)
        }


def before_rendering(table: Table) -> Table:
    """Return a table whose columns that need rendering may be missing."""

    def needs_rendering(column: Column) -> bool:
        value = column.value
        return isinstance(value, Written) or (isinstance(value, Measured) and value.before is None)

    columns = (replace(column, nullable=column.nullable or needs_rendering(column)) for column in table.columns)
    return replace(table, columns=tuple(columns))


def track_before_rendering(track: TrackFacts) -> Row:
    """Return the values of a row of ``stems`` that depend on performance and track alone and need no rendering."""
    before = {
        column.name: column.value.before(track)
        for column in STEMS.columns
        if isinstance(column.value, Measured) and column.value.before is not None
    }
    return {**known(STEMS, track), **before}


def hits_frame(performances: Iterable[HitFacts]) -> pd.DataFrame:
    """Return the manifest ``hits`` of performances, in their order; it is not validated."""
    parts: dict[str, list[NDArray[Any]]] = {column.name: [] for column in HITS.columns}
    for performance in performances:
        values = known(HITS, performance)
        for column in HITS.columns:
            dtype = object if column.nullable or column.kind is Dtype.TEXT else None
            part = np.broadcast_to(np.asarray(values[column.name], dtype), len(performance.hits))
            parts[column.name].append(part)
    if not any(parts.values()):
        return empty(HITS)
    return pd.DataFrame({c.name: series_of(c, np.concatenate(parts[c.name])) for c in HITS.columns})
