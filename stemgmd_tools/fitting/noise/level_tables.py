"""Build level tables of recordings: powers at a few knots in time, without the recording's noise floor and end.

The sound below a recording's noise floor, or after its end, is unknown. There the decay is extrapolated, with little
weight: a copied noise floor or fade would be audible in every stroke.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.fitting.noise.bands import BINS, EDGES, TIMES_S, Bands, decibels, knot_averages
from stemgmd_tools.kits.synthesis.bands import BANDS, SAMPLE_RATE, Float, knot_weights

_FLAT_DB: Final = 3.0
"""A band that falls by less than this over the late part of its recording consists of the recording's noise."""
_LATE_SHARE: Final = (0.55, 0.92)
"""Start and end of the late part, as shares of the duration."""
_CLEAR_DB: Final = 4.0
"""A band is known as long as it is this far above the noise."""
_SLOPE_DB: Final = 15.0
"""Range of the last known levels whose slope is extrapolated."""
_SLOWEST_DB_PER_S: Final = -5.0
_RANGE_DB: Final = 65.0
"""Cells so far below the loudest of their layer hardly count."""
_FADE_DB: Final = 20.0
_UNKNOWN: Final = 0.12
"""Weight of a cell that is not known."""
_LEAST_DB: Final = -130.0
_MOST_ADDED: Final = 4
_WORTH_DB: Final = 0.08
"""A knot is added if it lowers the mean error of the interpolated tables by this."""
_NEAREST: Final = 1.35
"""Knots are at least this ratio apart."""


class LayerTable(NamedTuple):
    """The levels of one layer on the grid of times."""

    octaves: float
    """Velocity, octaves above the reference."""
    power: Float
    """(BANDS, BINS) power of the whole sound, extrapolated where it is unknown."""
    modes: Float
    """(BANDS, BINS) expected power of its modes."""
    known: NDArray[np.bool_]
    """(BANDS, BINS)"""
    strokes: int
    """Number of repeats that were averaged."""
    bins: int
    """Number of bins of the grid that the recordings fill."""
    least_share: float
    """Least share of noise in a cell's power."""

    @property
    def level_db(self) -> Float:
        """(BANDS, BINS) level of the noise: power without the modes."""
        return decibels(np.maximum(self.power - self.modes, self.least_share * self.power))

    def noise_power(self, averages: Float, counted: Float | float = 1.0) -> Float:
        """Return the noise power around each knot, shape (BANDS, knots), at least a small share of the whole.

        :param averages: (knots, BINS) weights.
        :param counted: (BANDS, BINS) weight of each cell.
        """
        power = (self.power * counted) @ averages.T
        return np.maximum(power - (self.modes * counted) @ averages.T, self.least_share * power)


def layer_table(octaves: float, measured: Bands, modes: Bands | None, strokes: int, least_share: float) -> LayerTable:
    """Return the levels of one layer.

    :param measured: the mean of the repeats.
    :param modes: expected power of the modes.
    :param least_share: least share of noise in each cell's power.
    """
    floor = _floors(measured)
    known = _known(measured, floor)
    power = np.maximum(measured.power - floor[:, None], 0.02 * measured.power)
    level_db = np.maximum(decibels(power), _LEAST_DB)
    for band in range(BANDS):
        _extrapolate(level_db[band], known[band])
    mode_power = np.zeros_like(power) if modes is None else modes.power
    return LayerTable(octaves, 10.0 ** (level_db / 10.0), mode_power, known, strokes, measured.bins, least_share)


def _floors(measured: Bands) -> Float:
    """Return (BANDS,) powers of the recording's noise; 0 where the sound decays to its end."""
    end_s = EDGES[measured.bins] / SAMPLE_RATE
    late = np.flatnonzero(
        (_LATE_SHARE[0] * end_s < TIMES_S) & (_LATE_SHARE[1] * end_s > TIMES_S) & (np.arange(BINS) < measured.bins)
    )
    if len(late) < 3:
        return np.zeros(BANDS)
    level = decibels(measured.power[:, late])
    slope = np.polyfit(TIMES_S[late], level.T, 1)[0]
    drop = -slope * (TIMES_S[late[-1]] - TIMES_S[late[0]])
    mean = measured.power[:, late].mean(axis=1)
    return np.where(drop < _FLAT_DB, mean, 0.0)


def _known(measured: Bands, floor: Float) -> NDArray[np.bool_]:
    """Return where a band is well above its noise, up to the first time that it falls into it."""
    inside = np.arange(BINS) < measured.bins
    smooth = measured.power.copy()
    smooth[:, 1:-1] = (smooth[:, :-2] + smooth[:, 1:-1] + smooth[:, 2:]) / 3
    sunk = (smooth < floor[:, None] * 10.0 ** (_CLEAR_DB / 10.0)) | (smooth <= 1e-15)
    sunk[:, TIMES_S < 0.005] = False
    return np.asarray((np.cumsum(sunk, axis=1) == 0) & inside)


def _extrapolate(level_db: Float, known: NDArray[np.bool_]) -> None:
    """Extrapolate one band, in place, with the slope of its last known levels."""
    last = int(known.sum()) - 1
    if last + 1 >= BINS:
        return
    if last < 3:
        level_db[last + 1 :] = level_db[max(last, 0)] - 60.0 * (TIMES_S[last + 1 :] - TIMES_S[max(last, 0)])
        return
    above = np.flatnonzero(level_db[: last + 1] > level_db[last - 1 : last + 1].mean() + _SLOPE_DB)
    first = min(int(above[-1]) if len(above) else 0, last - 3)
    slope, offset = np.polyfit(TIMES_S[first : last + 1], level_db[first : last + 1], 1)
    start = min(slope * TIMES_S[last] + offset, level_db[last] + 3.0)
    slope = min(slope, _SLOWEST_DB_PER_S)
    level_db[last + 1 :] = np.maximum(start + slope * (TIMES_S[last + 1 :] - TIMES_S[last]), _LEAST_DB)


def weights(table: LayerTable, knots_s: Float) -> Float:
    """Return (BANDS, knots) weights: large for levels that are known, loud and averaged over repeats."""
    averages = knot_averages(knots_s)
    known = table.known @ averages.T
    level = decibels(table.power @ averages.T)
    loud = np.clip((level - level.max() + _RANGE_DB) / _FADE_DB, 0.03, 1.0)
    return np.asarray((_UNKNOWN + (1.0 - _UNKNOWN) * known) * loud * np.sqrt(table.strokes))


def at_knots(table: LayerTable, knots_s: Float) -> Float:
    """Return (BANDS, knots) levels whose linear interpolation has the mean powers of the table around each knot."""
    averages, spread = knot_averages(knots_s), knot_weights(knots_s, TIMES_S, extend=False)
    wanted = decibels(table.noise_power(averages))
    level = wanted.copy()
    for _ in range(4):
        level += 0.8 * (wanted - decibels(10.0 ** (level @ spread / 10.0) @ averages.T))
    return level


def chosen_knots(tables: Sequence[LayerTable], standard_s: Sequence[float]) -> Float:
    """Return the times of the knots: standard ones, the end, and a few that reduce the error most.

    The additional knots are near the end of a choked sound, or near the peak of a slow build-up.
    """
    bins = max(table.bins for table in tables)
    end_s = float(TIMES_S[bins - 1])
    knots = [time_s for time_s in standard_s if time_s < end_s / 1.2]
    knots = [*knots, end_s] if len(knots) > 1 else [0.0, end_s]
    candidates = [float(time_s) for time_s in TIMES_S[:bins] if time_s > 0.0005]
    error = _error(tables, np.array(knots), bins)
    for _ in range(_MOST_ADDED):
        open_s = [t for t in candidates if all(max(t, k) > _NEAREST * min(t, k) for k in knots)]
        open_s += [t for t in candidates if end_s * 0.5 < t < end_s * 0.97 and all(abs(t - k) > 0.012 for k in knots)]
        trials = [(_error(tables, np.array(sorted([*knots, t])), bins), t) for t in dict.fromkeys(open_s)]
        best, added = min(trials, default=(np.inf, 0.0))
        if best > error - _WORTH_DB:
            break
        knots, error = sorted([*knots, added]), best
    return np.array([0.0, *(float(f"{time_s:.3g}") for time_s in knots[1:])])


def _error(tables: Sequence[LayerTable], knots_s: Float, bins: int) -> float:
    """Return the mean error in dB of the tables interpolated between knots."""
    averages, spread = knot_averages(knots_s), knot_weights(knots_s, TIMES_S, extend=False)
    total = count = 0.0
    for table in tables:
        level = table.level_db[:, :bins]
        weight = table.known[:, :bins] * np.clip((level - level.max() + _RANGE_DB) / _FADE_DB, 0.0, 1.0)
        smooth = table.level_db @ averages.T @ spread
        total += float((weight * np.abs(level - smooth[:, :bins])).sum())
        count += float(weight.sum())
    return total / max(count, 1e-9)
