"""Fit the velocity law: a smooth function of velocity through the level tables of all layers.

Each cell has a straight line over log2 of velocity, with a slope in the range of real instruments, and bends at the
layers' velocities for deviations from the line. Slopes and bends have a coarser grid of frequencies and times than
levels, which makes interpolation between layers, or to a velocity left out, accurate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from stemgmd_tools.kits.bank.velocity_curve import LINEAR_LAW_DB, SQUARE_LAW_DB
from stemgmd_tools.kits.synthesis.bands import CENTRES_HZ, Float, erb_number, knot_weights, rows_in_bands
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY

FREQUENCIES: Final = 14
"""Rows of the tables of slopes and bends."""
_MOST_BENDS: Final = 5
_NEAREST_OCTAVES: Final = 0.12
"""Layers closer together than this share a bend."""
_SLOPE_RIDGE: Final = 0.5
_BEND_RIDGE: Final = 0.05
_SMOOTHING: Final = 0.3
_REACH_DB: Final = 9.0
"""Largest deviation of a cell's slope from the voice's mean slope."""
_SLOWEST_DB_PER_S: Final = -5.0
_SLOPE_RANGE_DB: Final = (-4.0, 24.0)


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """Levels as a function of velocity."""

    knots_s: Float
    """(N,)"""
    level_db: Float
    """(BANDS, N) at the reference velocity."""
    coarse_hz: tuple[float, ...]
    """Rows of slopes and bends."""
    coarse_s: Float
    """(M,) columns of slopes and bends."""
    slope_db: Float
    """(rows, M) per octave of velocity."""
    bend_octaves: Float
    """(B,) octaves above the reference; may be empty."""
    bends_db: Float
    """(B, rows, M)"""

    def at(self, octaves: float) -> Float:
        """Return the (BANDS, N) levels of a velocity."""
        change = self.slope_db * octaves
        if len(self.bend_octaves):
            hats = knot_weights(self.bend_octaves, np.array([octaves]), extend=False)[:, 0]
            change = change + np.tensordot(hats, self.bends_db, axes=1)
        return np.asarray(self.level_db + _spread(self, change))


def octaves_of(velocity: float) -> float:
    """Return a velocity in octaves above the reference."""
    return float(np.log2(velocity / REFERENCE_VELOCITY))


def coarse_grid(knots_s: Float, wanted_s: Sequence[float]) -> tuple[tuple[float, ...], Float]:
    """Return the rows and columns of slopes and bends for levels given at ``knots_s``."""
    numbers = np.linspace(float(erb_number(CENTRES_HZ[0])), float(erb_number(CENTRES_HZ[-1])), FREQUENCIES)
    rows = tuple(float(f"{(10.0 ** (number / 21.4) - 1.0) / 0.00437:.3g}") for number in numbers)
    columns = [time_s for time_s in wanted_s if time_s <= knots_s[-1]]
    if columns[-1] < 0.7 * knots_s[-1]:
        columns.append(float(knots_s[-1]))
    return rows, np.array(columns)


def fit_law(
    octaves: Float,
    tables: Float,
    weights: Float,
    knots_s: Float,
    coarse_s: Sequence[float],
    prior_db: float | None = None,
) -> Law:
    """Return the law through the tables of all layers.

    :param octaves: (L,) velocities, octaves above the reference, ascending.
    :param tables: (L, BANDS, N) levels.
    :param weights: (L, BANDS, N)
    :param prior_db: mean slope where the layers give none; default: the square law.
    """
    rows, columns = coarse_grid(knots_s, coarse_s)
    in_bands = rows_in_bands(rows, tuple(map(tuple, np.eye(len(rows)).tolist())))
    spread: Float = np.asarray(np.kron(in_bands, knot_weights(columns, knots_s, extend=False).T), np.float64)
    data, weight = tables.reshape(len(octaves), -1), weights.reshape(len(octaves), -1)
    smooth = _SMOOTHING * roughness(len(rows), len(columns))
    mean = _mean_slope(octaves, data, weight, SQUARE_LAW_DB if prior_db is None else prior_db)
    slope = np.full(spread.shape[1], mean)
    if len(octaves) > 1:
        rest = data - octaves[:, None] * mean
        own = solve(octaves[:, None], rest, weight, spread, _SLOPE_RIDGE, smooth)[0]
        importance = weight.sum(axis=0) @ spread
        slope += own - float(importance @ own / importance.sum())  # do not change the mean slope, which is limited
        slope = np.clip(slope, max(mean - _REACH_DB, _SLOPE_RANGE_DB[0]), min(mean + _REACH_DB, _SLOPE_RANGE_DB[1]))
    rest = data - octaves[:, None] * (spread @ slope)
    bend_octaves = _bend_places(octaves)
    bends = np.zeros((len(bend_octaves), spread.shape[1]))
    if len(bend_octaves):
        hats = knot_weights(bend_octaves, octaves, extend=False).T
        bends = solve(hats, rest, weight, spread, _BEND_RIDGE, smooth)
        bends -= knot_weights(bend_octaves, np.zeros(1), extend=False).T @ bends
        rest = rest - hats @ bends @ spread.T
    level = ((weight * rest).sum(axis=0) / weight.sum(axis=0)).reshape(tables.shape[1:])
    if len(knots_s) > 1:  # the last slope is extrapolated after the last knot
        last_s = float(knots_s[-1] - knots_s[-2])
        level[:, -1] = np.minimum(level[:, -1], level[:, -2] + _SLOWEST_DB_PER_S * last_s)
    shape = (len(rows), len(columns))
    return Law(
        knots_s, level, rows, columns,
        slope.reshape(shape), bend_octaves, bends.reshape(-1, *shape),
    )  # fmt: skip


def _spread(law: Law, coarse: Float) -> Float:
    """Return (BANDS, N) of a coarse table."""
    in_bands = rows_in_bands(law.coarse_hz, tuple(map(tuple, coarse.tolist())))
    return np.asarray(in_bands @ knot_weights(law.coarse_s, law.knots_s, extend=False))


def _mean_slope(octaves: Float, data: Float, weight: Float, prior_db: float) -> float:
    """Return the voice's slope in dB per octave, limited to the range from linear to square law."""
    if len(octaves) < 2 or octaves[-1] - octaves[0] < _NEAREST_OCTAVES:
        return prior_db
    centre = (weight * octaves[:, None]).sum(axis=0) / weight.sum(axis=0)
    moved = octaves[:, None] - centre
    slope = (weight * moved * data).sum() / (weight * moved**2).sum()
    return float(np.clip(slope, LINEAR_LAW_DB, SQUARE_LAW_DB))


def _bend_places(octaves: Float) -> Float:
    """Return the velocities of the bends: those of the layers, without the closest ones if there are too many."""
    places = list(octaves)
    while len(places) > 2 and (len(places) > _MOST_BENDS or min(np.diff(places)) < _NEAREST_OCTAVES):
        gaps = [later - before for before, later in zip(places[:-2], places[2:], strict=True)]
        del places[1 + int(np.argmin(gaps))]
    return np.array(places if len(places) > 1 else [])


def roughness(rows: int, columns: int) -> Float:
    """Return the quadratic form of the squared second differences over frequency and first differences over time."""
    across = np.diff(np.eye(rows), n=2, axis=0)
    along = np.diff(np.eye(columns), axis=0)
    return np.asarray(np.kron(across.T @ across, np.eye(columns)) + 0.3 * np.kron(np.eye(rows), along.T @ along))


def solve(features: Float, data: Float, weight: Float, spread: Float, ridge: float, smooth: Float) -> Float:
    """Return (F, coarse) with ``data = level + features @ result @ spread.T``, a level free per cell, least squares.

    :param features: (L, F)
    :param data: (L, cells)
    :param spread: (cells, coarse)
    """
    count, coarse = features.shape[1], spread.shape[1]
    total = weight.sum(axis=0)
    centred = features[:, :, None] - ((weight.T @ features) / total[:, None]).T
    rest = data - (weight * data).sum(axis=0) / total
    scale = float(weight.sum() / coarse)
    normal, right = np.zeros((count * coarse, count * coarse)), np.zeros(count * coarse)
    for i in range(count):
        rows = slice(i * coarse, (i + 1) * coarse)
        right[rows] = spread.T @ (weight * centred[:, i] * rest).sum(axis=0)
        for j in range(i + 1):
            columns = slice(j * coarse, (j + 1) * coarse)
            block = spread.T @ ((weight * centred[:, i] * centred[:, j]).sum(axis=0)[:, None] * spread)
            normal[rows, columns] = block
            normal[columns, rows] = block.T
        normal[rows, rows] += scale / len(features) * (ridge * np.eye(coarse) + smooth)
    return np.asarray(np.linalg.solve(normal, right).reshape(count, coarse))
