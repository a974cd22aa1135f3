"""Filters of a map have the response of the cookbook's biquads, as scipy computes them sample by sample."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.signal
from numpy.typing import NDArray
from toy_kits import RATE, map_data, write_map, write_sound

from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.bank.shaping.filters import filtered
from stemgmd_tools.kits.sample_map.filter import Filter
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.pieces import ARTICULATIONS

CLOSE = 1e-9
"""Of the peak: what wraps around from the ends of a filter's ringing."""
RUNG_OUT = 3e-5
"""Of the peak: a filter rings into silence until it has fallen by 100 dB."""
NOISE = np.random.default_rng(0).normal(0, 0.1, (5000, 2))


def biquad(kind: str, cutoff_hz: float, resonance_db: float, rate: float) -> tuple[list[float], list[float]]:
    """Return the coefficients of the cookbook, as printed there."""
    omega = 2 * np.pi * cutoff_hz / rate
    alpha = np.sin(omega) / (2 * 10 ** (resonance_db / 20))
    a = [1 + alpha, -2 * np.cos(omega), 1 - alpha]
    if kind == "lowpass":
        return [(1 - np.cos(omega)) / 2, 1 - np.cos(omega), (1 - np.cos(omega)) / 2], a
    return [(1 + np.cos(omega)) / 2, -(1 + np.cos(omega)), (1 + np.cos(omega)) / 2], a


@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
@pytest.mark.parametrize("cutoff_hz", [100.0, 1000.0, 9000.0])
@pytest.mark.parametrize("resonance_db", [-3.01, 0.0, 20.0])
def test_a_filter_is_the_biquad_of_the_cookbook(kind: str, cutoff_hz: float, resonance_db: float) -> None:
    one = Filter(cutoff_hz=cutoff_hz, resonance_db=resonance_db)
    sound = filtered(NOISE, 44_100, *((one, None) if kind == "lowpass" else (None, one)))
    expected = scipy.signal.lfilter(*biquad(kind, cutoff_hz, resonance_db, 44_100), NOISE, axis=0)
    np.testing.assert_allclose(sound, expected, atol=CLOSE)


@pytest.mark.parametrize("kind", ["lowpass", "highpass"])
@pytest.mark.parametrize(("cutoff_hz", "resonance_db"), [(100.0, 40.0), (50.0, 40.0), (10.0, -20.0)])
def test_a_long_ringing_does_not_reach_the_start(kind: str, cutoff_hz: float, resonance_db: float) -> None:
    one = Filter(cutoff_hz=cutoff_hz, resonance_db=resonance_db)
    sound = filtered(NOISE, 8_000, *((one, None) if kind == "lowpass" else (None, one)))
    expected = scipy.signal.lfilter(*biquad(kind, cutoff_hz, resonance_db, 8_000), NOISE, axis=0)
    np.testing.assert_allclose(sound, expected, atol=RUNG_OUT * np.abs(expected).max())


def test_the_longest_ringing_does_not_reach_the_start() -> None:
    sound = filtered(np.r_[np.zeros(100), NOISE[:, 0]][:, None], 44_100, Filter(cutoff_hz=30, resonance_db=60), None)
    assert np.abs(sound[:100]).max() < RUNG_OUT * np.abs(sound).max()


def test_a_cutoff_above_the_rate_is_no_error() -> None:
    assert np.isfinite(filtered(NOISE, 8_000, Filter(cutoff_hz=24_000), Filter(cutoff_hz=24_000))).all()


def level_db(folder: Path, hertz: float, **sound: Any) -> float:
    """Return the level of a tone in a bank, re its level without filters."""
    time = np.arange(RATE) / RATE
    write_sound(folder / "tone.wav", 0.5 * np.sin(2 * np.pi * hertz * time)[:, None])

    def pcm(extra: dict[str, Any]) -> NDArray[np.float64]:
        kick = {"layers": [{"velocity": [1, 127], "files": [{"file": "tone.wav", **extra}]}]}
        bank = compile_bank(load_kit_file(write_map(folder, map_data({"kick": kick}))), RATE)
        row = int(bank.first[ARTICULATIONS.index("kick"), 0, 0])
        return (bank.one_shot(row) * float(bank.samples["scale"][row]))[RATE // 4 : RATE // 2]

    return float(10 * np.log10((pcm(sound) ** 2).mean() / (pcm({}) ** 2).mean()))


@pytest.mark.parametrize(
    ("hertz", "sound", "expected_db"),
    [
        (1000, {"lowpass": {"cutoff_hz": 1000}}, -3.01),
        (100, {"lowpass": {"cutoff_hz": 1000}}, 0.0),
        (500, {"highpass": {"cutoff_hz": 500, "resonance_db": 6}}, 6.0),
        (50, {"highpass": {"cutoff_hz": 500}}, -40.0),
        (1000, {"lowpass": {"cutoff_hz": 2000}, "pitch_semitones": 12}, -3.01),
    ],
)
def test_a_bank_holds_the_filtered_sound(
    tmp_path: Path, hertz: float, sound: dict[str, Any], expected_db: float
) -> None:
    assert level_db(tmp_path, hertz, **sound) == pytest.approx(expected_db, abs=0.15)  # the start of the tone
