"""Apply effects of the performance domain to hits, pedal and chokes, so that labels stay exact."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.catalogue import Domain, find_effect
from stemgmd_tools.augment.chain.declarations.types import Value
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row
from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.numerics import elementary
from stemgmd_tools.performances.tables import Records
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES, Group, Piece
from stemgmd_tools.rendering.plan import PEDAL_SHUT
from stemgmd_tools.seeds import standard_normal, stream

MOST_DEVIATIONS: Final = 3.0
"""Standard deviations at which timing deviations are clipped, so that no hit moves beyond its beat."""
JUST_OPEN: Final = 0.11
"""Minimum openness of open strokes, above :data:`PEDAL_SHUT`, so that no choke is added or lost."""

Mask: TypeAlias = NDArray[np.bool_]
Parameters: TypeAlias = Mapping[str, Value]
Warp: TypeAlias = Callable[[NDArray[np.float64]], NDArray[np.float64]]

_PIECE_OF_NOTE: Final = {note.number: note.piece for note in NOTES}
_HIHAT_NOTES: Final = tuple(note.number for note in NOTES if note.piece.group is Group.HIHAT)


def is_performed(row: Row) -> bool:
    """Return whether a row acts on the performance."""
    return find_effect(row.effect).domain is Domain.PERFORMANCE


def perform(performance: Performance, rows: Sequence[Row], stems: Sequence[str]) -> Performance:
    """Return the performance after the rows of the performance domain; other rows are ignored.

    :param stems: the example's stems, to which the rows' ``stem`` refers.
    :return: hits, pedal and chokes sorted by time; the same object if no row applies.
    """
    for row in rows:
        if is_performed(row):
            chosen = _chosen(performance.hits, row, stems)
            performance = _CARRIED_OUT[row.effect](performance, chosen, row.parameters)
    return performance


def _chosen(hits: Records, row: Row, stems: Sequence[str]) -> Mask:
    """Return a mask of the hits that a row applies to."""
    if row.stem == ALL_STEMS:
        return np.ones(len(hits), bool)
    pieces = {Piece(name) for name in pieces_of_stem(stems[row.stem])}
    return np.isin(hits["note"], [note for note, piece in _PIECE_OF_NOTE.items() if piece in pieces])


def _warped(performance: Performance, warp: Warp, **metadata: Any) -> Performance:
    """Return the performance with a non-decreasing function applied to all times."""
    tables = {}
    for name in ("hits", "pedal", "chokes"):
        table = getattr(performance, name).copy()
        table["time_s"] = warp(table["time_s"])
        tables[name] = table
    duration_s = float(warp(np.array([performance.duration_s]))[0])
    return replace(performance, **tables, duration_s=duration_s, metadata={**performance.metadata, **metadata})


def _tempo(performance: Performance, _chosen: Mask, parameters: Parameters) -> Performance:
    rate = float(parameters["rate"])
    bpm = performance.metadata.get("bpm")
    known = {"bpm": float(bpm) * rate} if isinstance(bpm, int | float) else {}
    return _warped(performance, lambda time_s: time_s / rate, **known)


def _swing(performance: Performance, _chosen: Mask, parameters: Parameters) -> Performance:
    """Bend every pair of subdivisions, counted from the start, at its middle; both halves stay straight."""
    per_beat = 1.0 if parameters["subdivision"] == "eighth" else 2.0
    pair_s = 60.0 / float(parameters["bpm"]) / per_beat
    middle = float(parameters["percent"]) / 100.0

    def warp(time_s: NDArray[np.float64]) -> NDArray[np.float64]:
        pair = np.floor(time_s / pair_s)
        phase = time_s / pair_s - pair
        bent = np.where(phase < 0.5, 2.0 * phase * middle, middle + (2.0 * phase - 1.0) * (1.0 - middle))
        return (pair + bent) * pair_s

    return _warped(performance, warp)


def _humanise(performance: Performance, chosen: Mask, parameters: Parameters) -> Performance:
    hits = performance.hits.copy()
    deviations = standard_normal(stream(int(parameters["seed"]), "humanise"), len(hits))
    shift_s = np.clip(deviations, -MOST_DEVIATIONS, MOST_DEVIATIONS) * float(parameters["sigma_ms"]) / 1000.0
    latest_s = np.maximum(hits["time_s"], performance.duration_s)
    hits["time_s"] = np.where(chosen, np.clip(hits["time_s"] + shift_s, 0.0, latest_s), hits["time_s"])
    return replace(performance, hits=hits)


def _velocity_curve(performance: Performance, chosen: Mask, parameters: Parameters) -> Performance:
    bent = 127.0 * elementary.power(performance.hits["velocity"] / 127.0, float(parameters["gamma"]))
    return _with_velocities(performance, chosen, bent)


def _velocity_jitter(performance: Performance, chosen: Mask, parameters: Parameters) -> Performance:
    deviations = standard_normal(stream(int(parameters["seed"]), "velocity_jitter"), len(performance.hits))
    return _with_velocities(performance, chosen, performance.hits["velocity"] + deviations * float(parameters["sigma"]))


def _with_velocities(performance: Performance, chosen: Mask, velocities: NDArray[np.float64]) -> Performance:
    hits = performance.hits.copy()
    hits["velocity"] = np.where(chosen, np.clip(np.rint(velocities), 1, 127), hits["velocity"])
    return replace(performance, hits=hits)


def _hit_drop(performance: Performance, chosen: Mask, parameters: Parameters) -> Performance:
    tosses = stream(int(parameters["seed"]), "hit_drop").random(len(performance.hits))
    soft = performance.hits["velocity"] <= int(parameters["max_velocity"])
    dropped = chosen & soft & (tosses < float(parameters["share"]))
    return replace(performance, hits=performance.hits[~dropped])


def _openness_shift(performance: Performance, _chosen: Mask, parameters: Parameters) -> Performance:
    shift = float(parameters["shift"])
    hits, pedal = performance.hits.copy(), performance.pedal.copy()
    is_hihat = np.isin(hits["note"], _HIHAT_NOTES)
    hits["openness"] = np.where(is_hihat, _shifted(hits["openness"], shift), hits["openness"])
    pedal["openness"] = _shifted(pedal["openness"], shift)
    return replace(performance, hits=hits, pedal=pedal)


def _shifted(openness: NDArray[np.float32], shift: float) -> NDArray[np.float32]:
    """Return the shifted openness; what is shut stays shut, what is open stays open."""
    moved: NDArray[np.float32] = np.clip(openness + shift, JUST_OPEN, 1.0).astype(np.float32)
    return np.where(openness <= PEDAL_SHUT, openness, moved)


_CARRIED_OUT: Final[Mapping[str, Callable[[Performance, Mask, Parameters], Performance]]] = {
    "tempo": _tempo,
    "humanise": _humanise,
    "swing": _swing,
    "velocity_curve": _velocity_curve,
    "velocity_jitter": _velocity_jitter,
    "hit_drop": _hit_drop,
    "openness_shift": _openness_shift,
}
"""Effect -> function; tests compare the names with the catalogue."""
