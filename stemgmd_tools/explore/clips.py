"""The table of the clips of a corpus: filters, facets, order, pages and hours."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import CorpusError, UsageError
from stemgmd_tools.pieces import PIECES

Query = Mapping[str, Sequence[str]]
"""Values by parameter, as ``urllib.parse.parse_qs`` returns them."""

COLUMNS: Final = (
    "performance",
    "kit",
    "style",
    "bpm",
    "beat_type",
    "drummer",
    "split",
    "kit_split",
    "license",
    "duration_s",
    "hits",
)
"""Columns of the table of clips, by which it can be sorted; ``flags`` follows."""
CATEGORIES: Final = ("style", "kit", "split", "kit_split", "beat_type", "drummer", "license")
"""Columns with one value for each clip that filters select. Of styles the primary one: ``funk`` of ``funk/groove1``."""
FACETS: Final = (*CATEGORIES, "piece", "flag")
LARGEST_PAGE: Final = 200
_BPM_STEP: Final = 10
_FROM_PERFORMANCES: Final = {"style": "style", "beat_type": "beat_type", "drummer": "drummer", "split": "gmd_split"}


class ClipTable:
    """One row for each performance through each kit of a corpus.

    :param flags: rows with ``performance``, ``kit``, ``rule`` and ``severity``, as :func:`read_flags` returns them.
    """

    def __init__(self, source: StemSource, flags: pd.DataFrame | None = None) -> None:
        """Build the table."""
        performances = source.performances.reset_index(drop=True)
        counts = _piece_counts(source, performances["performance"].tolist())
        pairs = [
            (row, kit) for row, name in enumerate(performances["performance"]) for kit in source.kits_of(str(name))
        ]
        rows = np.array([row for row, _ in pairs], np.int64)
        kits = [kit for _, kit in pairs]
        licences, splits = _licences(source), source.kit_splits
        names = performances["performance"].astype(str).to_numpy()[rows]
        columns: dict[str, Any] = {"performance": names, "kit": kits}
        for column, manifest in _FROM_PERFORMANCES.items():
            columns[column] = _texts(performances, manifest)[rows]
        columns["bpm"] = _numbers(performances, "bpm")[rows]
        columns["kit_split"] = [splits.get(kit, "") for kit in kits]
        columns["license"] = [licences.get(kit, "") for kit in kits]
        columns["duration_s"] = _numbers(performances, "duration_s")[rows]
        columns["hits"] = counts.sum(axis=1)[rows]
        self.frame: pd.DataFrame = pd.DataFrame(columns)[list(COLUMNS)]
        self._style = np.array([text.partition("/")[0] for text in columns["style"]], object)
        self._has_piece = counts[rows] > 0
        self._flags = _flags_by_clip(flags)
        self._flag_sets = [self._flags.get(clip, frozenset()) for clip in zip(names, kits, strict=True)]

    def __contains__(self, clip: tuple[str, str]) -> bool:
        """Return whether there is a clip of a performance and a kit."""
        return bool(((self.frame["performance"] == clip[0]) & (self.frame["kit"] == clip[1])).any())

    def page(self, query: Query) -> dict[str, Any]:
        """Return one page of the clips that pass the filters.

        :param query: filters (:meth:`selected`), ``sort`` (a column, with ``-`` before it descending), ``offset``,
            ``limit``.
        :raises UsageError: if a value is not valid.
        """
        frame = self.frame[self.selected(query)]
        sort = _one(query, "sort", "performance")
        column = sort.removeprefix("-")
        if column not in COLUMNS:
            raise UsageError(f"sort is {sort!r}; allowed: {', '.join(COLUMNS)}, with - before it descending")
        offset, limit = _count(query, "offset", 0), min(_count(query, "limit", 50), LARGEST_PAGE)
        order = frame.sort_values(column, ascending=not sort.startswith("-"), kind="stable")
        rows = order.iloc[offset : offset + limit]
        return {
            "total": len(frame),
            "hours": float(frame["duration_s"].sum() / 3600),
            "offset": offset,
            "rows": [self._row(index) for index in rows.index],
        }

    def row(self, performance: str, kit: str) -> dict[str, Any]:
        """Return the row of a clip.

        :raises UsageError: if there is no such clip.
        """
        frame = self.frame
        index = frame.index[(frame["performance"] == performance) & (frame["kit"] == kit)]
        if len(index) == 0:
            raise UsageError(f"clip {performance} through {kit}: not in this corpus")
        return self._row(int(index[0]))

    def spaced(self, count: int) -> list[tuple[str, str]]:
        """Return performance and kit of ``count`` clips, evenly spaced; of all if there are fewer."""
        rows = np.unique(np.linspace(0, len(self.frame) - 1, min(count, len(self.frame))).round().astype(np.int64))
        chosen = self.frame.iloc[rows]
        return list(zip(chosen["performance"], chosen["kit"], strict=True))

    def _row(self, index: int) -> dict[str, Any]:
        values = {name: _plain(self.frame.at[index, name]) for name in COLUMNS}
        pieces = [piece.value for piece, present in zip(PIECES, self._has_piece[index], strict=True) if present]
        return {**values, "flags": sorted(self._flag_sets[index]), "pieces": pieces}

    def facets(self) -> dict[str, list[dict[str, Any]]]:
        """Return the values of every facet with their clips and hours."""
        return {name: self.hours(name, {}) for name in FACETS}

    def hours(self, by: str, query: Query) -> list[dict[str, Any]]:
        """Return clips and hours by the values of a facet, or by ``bpm`` in steps of ten, of the clips that pass.

        A clip counts in every of its pieces and flags.

        :raises UsageError: if there is no such facet.
        """
        mask = self.selected(query)
        if by == "piece":
            groups = [(piece.value, mask & self._has_piece[:, piece.axis]) for piece in PIECES]
        elif by == "flag":
            names = sorted(set().union(*self._flag_sets)) if self._flag_sets else []
            groups = [(name, mask & self._flagged(name)) for name in names]
        elif by == "bpm":
            steps = np.floor(self.frame["bpm"].to_numpy() / _BPM_STEP) * _BPM_STEP
            lows = np.unique(steps[mask & np.isfinite(steps)])
            groups = [(f"{low:.0f}-{low + _BPM_STEP:.0f}", mask & (steps == low)) for low in lows]
        elif by in CATEGORIES:
            values = self._values(by)
            groups = [(str(value), mask & (values == value)) for value in np.unique(values)]
        else:
            raise UsageError(f"by is {by!r}; allowed: {', '.join((*FACETS, 'bpm'))}")
        seconds = self.frame["duration_s"].to_numpy()
        rows = [(value, int(chosen.sum()), float(seconds[chosen].sum() / 3600)) for value, chosen in groups]
        return [{"value": value, "clips": clips, "hours": hours} for value, clips, hours in rows if clips]

    def selected(self, query: Query) -> np.ndarray[Any, np.dtype[np.bool_]]:
        """Return which clips pass the filters, shape (clips,).

        :param query: accepted values by facet: one of them has to apply, of ``piece`` all; ``bpm`` as ``100-120``,
            ``100-`` or ``-120``; ``text``, a part of the performance's name.
        :raises UsageError: if a range is not valid.
        """
        mask = np.ones(len(self.frame), np.bool_)
        for name in CATEGORIES:
            if query.get(name):
                mask &= np.isin(self._values(name), list(query[name]))
        for name in query.get("piece", ()):
            axes = [piece.axis for piece in PIECES if piece.value == name]
            mask &= self._has_piece[:, axes[0]] if axes else np.bool_(False)
        if query.get("flag"):
            mask &= np.logical_or.reduce([self._flagged(name) for name in query["flag"]])
        if query.get("bpm"):
            low, high = _range(query["bpm"][0])
            bpm = self.frame["bpm"].to_numpy()
            mask &= (bpm >= low) & (bpm <= high)
        if query.get("text"):
            text = query["text"][0].lower()
            mask &= self.frame["performance"].str.lower().str.contains(text, regex=False).to_numpy(np.bool_)
        return mask

    def _values(self, name: str) -> np.ndarray[Any, np.dtype[np.object_]]:
        return self._style if name == "style" else self.frame[name].to_numpy(object)

    def _flagged(self, name: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
        return np.array([name in flags for flags in self._flag_sets], np.bool_)


def read_flags(path: Path) -> pd.DataFrame:
    """Return the violated rules of a ``curation`` manifest: ``performance``, ``kit``, ``rule``, ``severity``.

    :raises CorpusError: if the file cannot be read or lacks a column.
    """
    wanted = ["performance", "kit", "rule", "severity"]
    try:
        rows = pd.read_parquet(path, columns=wanted) if path.suffix == ".parquet" else pd.read_csv(path)[wanted]
    except (OSError, ValueError, KeyError) as error:
        raise CorpusError(f"{path}: no manifest of a curation ({error}); give curation.parquet or .csv") from error
    return rows[rows["severity"] != "ok"].astype(object)


def _flags_by_clip(flags: pd.DataFrame | None) -> dict[tuple[str, str], frozenset[str]]:
    rules: dict[tuple[str, str], set[str]] = {}
    if flags is not None:
        for performance, kit, rule in zip(flags["performance"], flags["kit"], flags["rule"], strict=True):
            rules.setdefault((str(performance), str(kit)), set()).add(str(rule))
    return {clip: frozenset(names) for clip, names in rules.items()}


def _piece_counts(source: StemSource, performances: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Return the number of hits, shape (performances, 9)."""
    hits = source.hits
    row_of = {name: row for row, name in enumerate(performances)}
    axis_of = {piece.value: piece.axis for piece in PIECES}
    rows = hits["performance"].map(row_of).to_numpy(np.int64)
    axes = hits["piece"].map(axis_of).to_numpy(np.int64)
    cells = np.bincount(rows * len(PIECES) + axes, minlength=len(performances) * len(PIECES))
    return cells.reshape(len(performances), len(PIECES))


def _licences(source: StemSource) -> dict[str, str]:
    """Return the licence by kit; empty for kits of a virtual corpus that would have to be generated first."""
    if isinstance(source, VirtualCorpus):
        kits = [source.kit(name) for name in source.kit_splits]
        return {kit.name: "" if kit.is_generated else kit.license for kit in kits}
    kits_frame = source.kits
    return dict(zip(kits_frame["kit"].tolist(), kits_frame["license"].fillna("").tolist(), strict=True))


def _texts(frame: pd.DataFrame, name: str) -> np.ndarray[Any, np.dtype[np.object_]]:
    return frame[name].astype(object).where(frame[name].notna(), "").to_numpy(object)


def _numbers(frame: pd.DataFrame, name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    return frame[name].to_numpy(np.float64, na_value=np.nan)


def _plain(value: Any) -> Any:
    """Return a value for JSON; None for NaN."""
    if isinstance(value, (float, np.floating)):
        return float(value) if np.isfinite(value) else None
    return int(value) if isinstance(value, np.integer) else value


def _one(query: Query, name: str, default: str) -> str:
    return query[name][0] if query.get(name) else default


def _count(query: Query, name: str, default: int) -> int:
    text = _one(query, name, str(default))
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise UsageError(f"{name} is {text!r}; it is a number from 0")
    return int(text)


def _range(text: str) -> tuple[float, float]:
    low, separator, high = text.partition("-")
    try:
        limits = float(low or "-inf"), float(high or "inf")
    except ValueError:
        separator = ""
    if not separator:
        raise UsageError(f"bpm is {text!r}; give a range such as 100-120, 100- or -120")
    return limits
