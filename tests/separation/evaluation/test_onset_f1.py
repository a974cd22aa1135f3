"""Strokes found again in a sound."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from stemgmd_tools.separation.evaluation.metrics.onset_f1 import onset_f1
from stemgmd_tools.separation.evaluation.onsets import OnsetMeter, merge_close, onset_times_s

RATE = 44_100


def _strokes(times_s: list[float], *, peak: float = 0.5, seconds: float = 4.0) -> NDArray[np.float32]:
    rng = np.random.default_rng(0)
    sound = np.zeros((2, round(seconds * RATE)), np.float32)
    for time_s in times_s:
        start = round(time_s * RATE)
        frames = min(round(0.2 * RATE), sound.shape[1] - start)
        burst = rng.uniform(-peak, peak, (2, frames)) * np.exp(-np.arange(frames) / (0.03 * RATE))
        sound[:, start : start + frames] += burst.astype(np.float32)
    return sound


PLAYED = [0.0, 0.31, 0.5, 1.234, 2.0, 2.1, 3.3]


def test_strokes_are_found_where_they_were_played() -> None:
    detected = onset_times_s(_strokes(PLAYED), RATE)
    assert len(detected) == len(PLAYED)
    assert np.abs(detected - PLAYED).max() < 0.015
    assert onset_f1(PLAYED, detected) == 1.0


def test_silence_and_soft_remainders_hold_no_stroke() -> None:
    assert len(onset_times_s(np.zeros((2, RATE)), RATE)) == 0
    assert len(onset_times_s(_strokes(PLAYED, peak=1e-4), RATE)) == 0


def test_missed_and_invented_strokes_cost() -> None:
    half = onset_times_s(_strokes(PLAYED[::2]), RATE)
    assert onset_f1(PLAYED, half) == pytest.approx(2 * 4 / (4 + 7))
    assert onset_f1(PLAYED[::2], onset_times_s(_strokes(PLAYED), RATE)) == pytest.approx(2 * 4 / (4 + 7))
    assert onset_f1(PLAYED, np.empty(0)) == 0.0
    assert math.isnan(onset_f1([], half))


def test_blocks_make_no_difference() -> None:
    sound = _strokes(PLAYED)
    meter = OnsetMeter(RATE)
    for start in range(0, sound.shape[1], 5_000):
        block = sound[:, start : start + 5_000]
        meter.push(block, block)
    assert meter.times_s().tolist() == onset_times_s(sound, RATE).tolist()


def test_flams_are_one_stroke() -> None:
    assert merge_close(np.array([0.0, 0.02, 0.035, 1.0])).tolist() == [0.0, 0.035, 1.0]
