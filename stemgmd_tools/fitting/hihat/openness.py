"""Fit the openness of a hi-hat: how a half-open stroke differs from a wide open one of the same velocity.

The decay is that of the open hi-hat on a stretched time axis; the remaining difference is a coarse table of levels that
is corrected by synthesis.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.fitting.noise.bands import TIMES_S, WIDTHS_S, decibels
from stemgmd_tools.fitting.noise.level_tables import LayerTable, chosen_knots, weights
from stemgmd_tools.fitting.velocity.law import coarse_grid, roughness, solve
from stemgmd_tools.fitting.velocity.refine import Stage, corrections, noise_bands, table
from stemgmd_tools.kits.synthesis.bands import BANDS, Float, knot_weights, rows_in_bands
from stemgmd_tools.kits.synthesis.envelopes import NoiseShape, noise_shapes
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Noise, Openness, OpennessChange

_STRETCHES: Final = tuple(round(float(x), 3) for x in np.geomspace(0.02, 1.6, 24))
_KNOTS_S: Final = (0.0, 0.0015, 0.004, 0.01, 0.022, 0.05, 0.11, 0.24, 0.52, 1.1, 2.4, 5.2)
_ROUNDS: Final = 3
_RIDGE: Final = 0.02
_SLOPE_RIDGE: Final = 0.1
_SMOOTHING: Final = 0.1
_RANGE_DB: Final = 50.0
_LARGEST_DB: Final = 40.0
_STEEPEST_DB: Final = 12.0
_STEP_DB: Final = 0.5


class Degree(NamedTuple):
    """The strokes of one degree of openness."""

    openness: float
    stage: Stage
    layers: Sequence[LayerTable]


def fit_openness(noise: Noise, degrees: Sequence[Degree], name: str) -> Openness:
    """Return the openness of a voice whose noise is fitted to the widest degree.

    :param degrees: the degrees below the widest, ascending.
    """
    stretches, changes = [], []
    for degree in degrees:
        stretch = _stretch(noise, degree)
        stretches.append(stretch)
        changes.append(_change(noise, degree, stretch, name))
    return Openness(
        degrees=(*(degree.openness for degree in degrees), 1.0), stretch=(*stretches, 1.0), changes=tuple(changes)
    )


def _alone(degree: Degree, stretch: float, change: OpennessChange | None) -> Openness:
    """Return an openness of one degree."""
    return Openness(degrees=(degree.openness,), stretch=(stretch,), changes=None if change is None else (change,))


def _stretch(noise: Noise, degree: Degree) -> float:
    """Return the stretch of time at which the decays agree best, regardless of levels."""
    stick_s = _alone(degree, 1.0, None).stick_s
    shapes = noise_shapes(noise, _STRETCHES, np.zeros((BANDS, len(_STRETCHES))), stick_s)
    errors = [_error(degree, shape) for shape in shapes]
    return _STRETCHES[int(np.argmin(errors))]


def _error(degree: Degree, shape: NoiseShape) -> float:
    """Return the mean difference in dB with the best level for each band."""
    total = count = 0.0
    for velocity, wanted in zip(degree.stage.velocities, degree.layers, strict=True):
        level, goal = shape.at(velocity, TIMES_S), decibels(wanted.power)
        floor = goal.max() - _RANGE_DB
        weight = ((goal > floor) & (np.arange(len(TIMES_S)) < wanted.bins)) * np.sqrt(WIDTHS_S)
        difference = np.maximum(goal, floor) - np.maximum(level, floor)
        mean = (weight * difference).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-30)
        total += float((weight * np.abs(difference - mean[:, None])).sum())
        count += float(weight.sum())
    return total / max(count, 1e-30)


def _change(noise: Noise, degree: Degree, stretch: float, name: str) -> OpennessChange:
    """Return the change that remains with a stretched time axis, corrected by synthesis."""
    knots_s = chosen_knots(degree.layers, _KNOTS_S)
    rows, columns = coarse_grid(knots_s, tuple(knots_s.tolist()))
    spread = np.asarray(
        np.kron(
            rows_in_bands(rows, tuple(map(tuple, np.eye(len(rows)).tolist()))),
            knot_weights(columns, knots_s, extend=False).T,
        )
    )
    weight = np.array([weights(layer, knots_s) for layer in degree.layers]).reshape(len(degree.layers), -1)
    octaves = np.array([layer.octaves for layer in degree.layers])
    values = slopes = np.zeros(len(rows) * len(columns))
    smooth = _SMOOTHING * roughness(len(rows), len(columns))
    for turn in range(_ROUNDS):
        change = _as_change(degree.openness, rows, columns, values, slopes)
        synthesised = noise_bands(noise, degree.stage, f"{name} open {turn}", _alone(degree, stretch, change))
        rest = corrections(degree.layers, synthesised, knots_s, largest_db=_LARGEST_DB).reshape(len(octaves), -1)
        if len(octaves) > 1:
            steeper = solve(octaves[:, None], rest, weight, spread, _SLOPE_RIDGE, smooth)[0]
            slopes = np.clip(slopes + steeper, -_STEEPEST_DB, _STEEPEST_DB)
            rest = rest - octaves[:, None] * (spread @ steeper)
        rest = (rest * weight).sum(axis=0) / weight.sum(axis=0)
        values = values + _coarse(rest, weight.sum(axis=0), spread)
    return _as_change(degree.openness, rows, columns, values, slopes)


def _as_change(
    openness: float, rows: tuple[float, ...], columns: Float, values: Float, slopes: Float
) -> OpennessChange:
    level, slope = (
        BandEnvelope(
            frequencies_hz=rows,
            times_s=tuple(columns.tolist()),
            values=table(flat.reshape(len(rows), len(columns)), _STEP_DB),
        )
        for flat in (values, slopes)
    )
    return OpennessChange(degree=openness, change_db=level, velocity_db_per_octave=slope if slopes.any() else None)


def _coarse(values: Float, weight: Float, spread: Float) -> Float:
    """Return the coarse table whose interpolation fits ``values`` best."""
    normal = spread.T @ (weight[:, None] * spread)
    ridge = _RIDGE * np.trace(normal) / len(normal) * np.eye(len(normal))
    return np.asarray(np.linalg.solve(normal + ridge, spread.T @ (weight * values)))
