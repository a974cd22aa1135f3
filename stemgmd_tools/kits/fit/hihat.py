"""Degrees of openness of a hi-hat: how a half-open stroke differs from a wide open one of the same velocity.

Its decay is the open one's on a stretched axis of time; a level per frequency and degree stands for the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np

from stemgmd_tools.kits.fit.bands import TIMES_S, WIDTHS_S, Bands, decibels
from stemgmd_tools.kits.fit.refine import BAND_HZ, Stage, noise_bands, table
from stemgmd_tools.kits.fit.tables import LayerTable
from stemgmd_tools.kits.model.bands import Float
from stemgmd_tools.kits.model.parameters import Noise, Openness

STRETCHES: Final = tuple(round(float(x), 3) for x in np.geomspace(0.02, 1.6, 34))
_POINT_BANDS: Final = 4
_ROUNDS: Final = 2
_RANGE_DB: Final = 50.0
_CLIP_DB: Final = 12.0


def fit_openness(noise: Noise, degrees: Sequence[tuple[float, Stage, Sequence[LayerTable]]], name: str) -> Openness:
    """Return the openness of a voice whose noise is that of the wide open hat.

    :param degrees: for each degree below the widest: its openness, its layers, their levels.
    """
    count = len(degrees)
    openness = Openness(
        degrees=(*(degree for degree, _, _ in degrees), 1.0),
        stretch=(*(0.3,) * count, 1.0),
        frequencies_hz=BAND_HZ[_POINT_BANDS // 2 :: _POINT_BANDS],
        level_db=((0.0,) * (count + 1),) * (len(BAND_HZ) // _POINT_BANDS),
    )
    for index, (_, stage, layers) in enumerate(degrees):
        trials = STRETCHES
        for salt in range(_ROUNDS):
            scored = []
            for stretch in trials:
                trial = _with(openness, index, stretch, None)
                made = noise_bands(noise, stage, f"{name} {salt}", trial, index)
                error, level = _compare(layers, made)
                scored.append((error, stretch, level))
            _, stretch, level = min(scored, key=lambda one: one[0])
            openness = _with(openness, index, stretch, level)
            trials = tuple(s for s in STRETCHES if abs(np.log(s / stretch)) < 0.3)
    return openness


def _with(openness: Openness, index: int, stretch: float, added: Float | None) -> Openness:
    """Return an openness with another figure at one degree."""
    stretches = list(openness.stretch)
    stretches[index] = stretch
    rows = np.array(openness.level_db)
    if added is not None:
        rows[:, index] += added
    return openness.model_copy(update={"stretch": tuple(stretches), "level_db": table(rows, 0.5)})


def _compare(layers: Sequence[LayerTable], made: Sequence[Bands]) -> tuple[float, Float]:
    """Return the mean error after the best level per frequency, and that level."""
    differences, weights = [], []
    for wanted, one in zip(layers, made, strict=True):
        level = decibels(one.power)
        both = np.maximum(level, wanted.level_db)
        peak = wanted.level_db.max()
        heard = (both > peak - _RANGE_DB) & (np.arange(len(TIMES_S)) < wanted.bins)
        floor = peak - _RANGE_DB
        differences.append(np.maximum(wanted.level_db, floor) - np.maximum(level, floor))
        weights.append(heard * np.sqrt(WIDTHS_S))
    difference, weight = np.concatenate(differences, axis=1), np.concatenate(weights, axis=1)
    grouped_d = difference.reshape(-1, _POINT_BANDS * difference.shape[1])
    grouped_w = weight.reshape(-1, _POINT_BANDS * weight.shape[1])
    level = np.array([_median(d, w) for d, w in zip(grouped_d, grouped_w, strict=True)])
    error = (grouped_w * np.abs(grouped_d - level[:, None])).sum() / grouped_w.sum()
    return float(error), np.clip(level, -_CLIP_DB, _CLIP_DB)


def _median(values: Float, weights: Float) -> float:
    """Return the weighted median."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    if not total[-1] > 0.0:
        return 0.0
    return float(values[order][np.searchsorted(total, total[-1] / 2)])
