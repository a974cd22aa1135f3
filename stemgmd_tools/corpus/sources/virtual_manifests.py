"""Build the manifests of a virtual corpus from performances, kits and settings, without rendering anything."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.folder.build_manifests import performance_row
from stemgmd_tools.corpus.folder.kit_rows import kit_row
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.manifest import tables
from stemgmd_tools.manifest.columns import Column, Dtype, Table
from stemgmd_tools.manifest.frames import frame_of
from stemgmd_tools.performances.tables import HIT_DTYPE
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES
from stemgmd_tools.rendering.settings import RenderSettings


def _without(table: Table, *missing: str) -> Table:
    """Return ``table`` with the columns ``missing`` made nullable."""
    return replace(
        table,
        columns=tuple(replace(column, nullable=column.nullable or column.name in missing) for column in table.columns),
    )


PERFORMANCES: Final = _without(tables.PERFORMANCES, "midi_path", "midi_hash", "mapped_midi_path", "mapped_midi_hash")
KITS: Final = _without(tables.KITS, "bank_sha256")
TRACKS: Final = _without(tables.STEMS, "path", "frames", "active_fraction", "gain_db", "content_hash", "bytes")
HITS: Final = tables.HITS

_ARTICULATION: Final = np.full(128, "", object)
_PIECE: Final = np.full(128, "", object)
for _note in NOTES:
    _ARTICULATION[_note.number] = _note.articulation
    _PIECE[_note.number] = _note.piece.value


def performances(played: Sequence[Performance]) -> pd.DataFrame:
    """Return one row per performance, typed as the manifest; its MIDI files are missing."""
    rows = []
    for performance in played:
        files = {
            "midi_path": None,
            "midi_hash": performance.metadata.get("midi_sha256"),
            "mapped_midi_path": None,
            "mapped_midi_hash": None,
        }
        rows.append(
            performance_row(
                performance.id, float(performance.duration_s), len(performance.hits), performance.metadata, files
            )
        )
    return frame_of(PERFORMANCES, rows)


def kits(chosen: Sequence[Kit]) -> pd.DataFrame:
    """Return one row per kit, typed as the manifest; the hash of its bank is missing.

    Generated kits are generated for this, which takes up to a second each.
    """
    return frame_of(KITS, [{**kit_row(kit), "bank_sha256": None} for kit in chosen])


def hits(played: Sequence[Performance], sample_rate: int) -> pd.DataFrame:
    """Return one row per hit, exactly as the manifest."""
    ordered = sorted(played, key=lambda performance: performance.id)
    counts = [len(performance.hits) for performance in ordered]
    table = np.concatenate([np.empty(0, HIT_DTYPE), *(performance.hits for performance in ordered)])
    columns: dict[str, Any] = {
        "performance": np.repeat(np.array([performance.id for performance in ordered], object), counts),
        "index": np.concatenate([np.empty(0, np.int64), *(np.arange(count) for count in counts)]),
        "time_s": table["time_s"],
        "frame": units.frames_of_array(table["time_s"], sample_rate),
        "note": table["note"],
        "piece": _PIECE[table["note"]],
        "articulation": _ARTICULATION[table["note"]],
        "velocity": table["velocity"],
        "openness": _shortest(table["openness"]),
    }
    return pd.DataFrame({column.name: _typed(column, columns[column.name]) for column in HITS.columns})


def tracks(played: Sequence[Performance], kits: pd.DataFrame, settings: RenderSettings) -> pd.DataFrame:
    """Return one row per performance, kit and track, typed as the manifest; columns measured on audio are empty.

    :param kits: as :func:`kits` returns them.
    """
    ordered = sorted(played, key=lambda performance: performance.id)
    names = sorted(layout.tracks(settings), key=tables.TRACKS.index)
    counts = np.array([_counts(performance, names) for performance in ordered], np.int64)
    shape = (len(ordered), len(kits), len(names))

    def spread(values: Sequence[Any] | NDArray[Any], axis: int) -> NDArray[Any]:
        """Return a column of values that belong to performances (0), kits (1) or tracks (2)."""
        place = [None, None, None]
        place[axis] = slice(None)  # type: ignore[call-overload]
        return np.broadcast_to(np.array(values, object)[tuple(place)], shape).reshape(-1)

    hit_counts = np.broadcast_to(counts[:, None, :], shape).reshape(-1)
    known: dict[str, Any] = {
        "performance": spread([performance.id for performance in ordered], 0),
        "kit": spread(kits["kit"].tolist(), 1),
        "track": spread(names, 2),
        "sample_rate": np.full(len(hit_counts), settings.sample_rate),
        "hits": hit_counts,
        "silent": hit_counts == 0,
        "seed": np.full(len(hit_counts), settings.seed),
        "kit_hash": spread(kits["kit_hash"].tolist(), 1),
        "gmd_split": spread([performance.metadata.get("split") or None for performance in ordered], 0),
        "kit_split": spread([None if split is pd.NA else split for split in kits["kit_split"]], 1),
    }
    missing = np.full(len(hit_counts), None, object)
    return pd.DataFrame({column.name: _typed(column, known.get(column.name, missing)) for column in TRACKS.columns})


def _counts(performance: Performance, names: Sequence[str]) -> list[int]:
    """Return how many hits each track plays."""
    by_note = np.bincount(performance.hits["note"], minlength=128)
    by_axis = np.zeros(9, np.int64)
    for note in NOTES:
        by_axis[note.piece.axis] += by_note[note.number]
    return [int(by_axis[list(layout.axes_of(name))].sum()) for name in names]


def _shortest(values: NDArray[np.float32]) -> NDArray[np.float64]:
    """Return float32 values as the doubles that their shortest decimals stand for, as manifests hold them."""
    different, place = np.unique(values, return_inverse=True)
    return np.array([float(str(value)) for value in different])[place] if len(values) else np.empty(0)


def _typed(column: Column, values: NDArray[Any]) -> pd.Series:
    """Return one column in its type."""
    if column.kind is Dtype.REAL:
        return pd.Series(values.astype(np.float64), dtype=column.dtype)
    return pd.Series(values, dtype=column.dtype)
