"""Build the manifests of a virtual corpus from performances, kits and settings, without rendering anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.manifest import tables
from stemgmd_tools.manifest.columns.stems import TRACKS as TRACK_NAMES
from stemgmd_tools.manifest.contexts import HitFacts, MidiFile, MidiFiles, PerformanceFacts, TrackFacts, TrackFormat
from stemgmd_tools.manifest.frames import frame_of, series_of
from stemgmd_tools.manifest.rows import Row, before_rendering, hits_frame, known, track_before_rendering, written
from stemgmd_tools.manifest.schema import Column
from stemgmd_tools.manifest.values import Copied
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES
from stemgmd_tools.rendering.settings import RenderSettings

PERFORMANCES: Final = before_rendering(tables.PERFORMANCES)
KITS: Final = before_rendering(tables.KITS)
TRACKS: Final = before_rendering(tables.STEMS)


def performances(played: Sequence[Performance]) -> pd.DataFrame:
    """Return one row per performance, typed as the manifest; its MIDI files are missing."""
    return frame_of(PERFORMANCES, (_performance_row(performance) for performance in played))


def _performance_row(performance: Performance) -> Row:
    digest = performance.metadata.get("midi_sha256")
    files = MidiFiles(MidiFile(None, None if digest is None else str(digest)), MidiFile(None, None))
    facts = PerformanceFacts(performance.id, performance.duration_s, performance.hits, performance.metadata)
    return {**known(PERFORMANCES, facts), **written(PERFORMANCES, files)}


def kits(chosen: Sequence[Kit]) -> pd.DataFrame:
    """Return one row per kit, typed as the manifest; the hash of its bank is missing.

    Generated kits are generated for this, which takes up to a second each.
    """
    missing = dict.fromkeys(KITS.names)
    return frame_of(KITS, ({**missing, **known(KITS, kit)} for kit in chosen))


def hits(played: Sequence[Performance], sample_rate: int) -> pd.DataFrame:
    """Return one row per hit, typed as the manifest."""
    ordered = sorted(played, key=lambda performance: performance.id)
    return hits_frame(HitFacts(performance.id, performance.hits, sample_rate) for performance in ordered)


def tracks(
    played: Sequence[Performance], performances: pd.DataFrame, kits: pd.DataFrame, settings: RenderSettings
) -> pd.DataFrame:
    """Return one row per performance, kit and track, typed as the manifest; columns measured on audio are empty.

    :param performances: as :func:`performances` returns them.
    :param kits: as :func:`kits` returns them.
    """
    ordered = sorted(played, key=lambda performance: performance.id)
    names = sorted(layout.tracks(settings), key=TRACK_NAMES.index)
    rows = [track_before_rendering(track) for performance in ordered for track in _tracks(performance, names, settings)]
    shape = (len(ordered), len(kits), len(names))
    parents = {"performances": (performances, (-1, 1, 1)), "kits": (kits, (1, -1, 1))}

    def values(column: Column) -> NDArray[Any]:
        """Return a column by performance, kit and track, each axis of full length or 1."""
        if isinstance(column.value, Copied):
            parent, axes = parents[column.value.table]
            texts = parent[column.value.column].astype(object)
            return np.array(texts.where(texts.notna(), None).tolist(), object).reshape(axes)
        if column.name not in rows[0]:
            return np.full((1, 1, 1), None, object)
        return np.array([row[column.name] for row in rows], object).reshape(len(ordered), 1, len(names))

    return pd.DataFrame(
        {
            column.name: series_of(column, np.broadcast_to(values(column), shape).reshape(-1))
            for column in TRACKS.columns
        }
    )


def _tracks(performance: Performance, names: Sequence[str], settings: RenderSettings) -> Iterator[TrackFacts]:
    """Yield the tracks of a performance."""
    by_note = np.bincount(performance.hits["note"], minlength=128)
    by_axis = np.zeros(9, np.int64)
    for note in NOTES:
        by_axis[note.piece.axis] += by_note[note.number]
    form = TrackFormat(settings.sample_rate, settings.bit_depth)
    for name in names:
        hits = int(by_axis[list(layout.axes_of(name))].sum())
        yield TrackFacts(performance, name, hits, form, settings.seed)
