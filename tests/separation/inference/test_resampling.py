"""Other sample rates, streamed."""

from __future__ import annotations

import numpy as np
import pytest

from stemgmd_tools.separation.inference.resampling import Resampler

RATES = [8_000, 11_025, 22_050, 37_123, 48_000, 96_000]


def passed(sound: np.ndarray, rate_in: int, rate_out: int, size: int) -> np.ndarray:
    through = Resampler(rate_in, rate_out, sound.shape[1])
    parts = [through.push(sound[start : start + size]) for start in range(0, len(sound), size)]
    return np.concatenate([*parts, through.finish()])


def tone(frames: int, rate: int) -> np.ndarray:
    time_s = np.arange(frames) / rate
    swell = np.sin(np.pi * np.arange(frames) / frames) ** 2
    return (swell * np.sin(2 * np.pi * 1000 * time_s))[:, None].repeat(2, 1).astype(np.float32)


@pytest.mark.parametrize("rate", RATES)
def test_there_and_back_a_tone_is_what_it_was_and_where_it_was(rate):
    sound = tone(rate // 2, rate)
    there = passed(sound, rate, 44_100, 4096)
    assert np.abs(there - tone(len(there), 44_100)).max() < 1e-3  # its envelope's length is rounded
    back = passed(there, 44_100, rate, 4096)
    assert abs(len(back) - len(sound)) <= 2
    count = min(len(back), len(sound))
    assert np.abs(back[:count] - sound[:count]).max() < 1e-5


@pytest.mark.parametrize("rate", RATES)
def test_pieces_make_no_difference(rate):
    sound = tone(5000, rate)
    assert np.array_equal(passed(sound, rate, 44_100, 5000), passed(sound, rate, 44_100, 17))


def test_equal_rates_change_nothing():
    sound = tone(100, 44_100)
    assert np.array_equal(passed(sound, 44_100, 44_100, 7), sound)
