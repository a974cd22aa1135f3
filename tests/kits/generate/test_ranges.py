"""What is measured of recordings and random kits, and what the table says."""

from __future__ import annotations

import numpy as np
import pytest

from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from tools.ranges import LOUD, SOFT, measured, read_table, table_path


def ringing(frequency_hz: float, level: float, t60_s: float) -> Float:
    """Return a decaying tone, in the right channel at half its level."""
    times_s = np.arange(SAMPLE_RATE) / SAMPLE_RATE
    tone = level * np.sin(2.0 * np.pi * frequency_hz * times_s) * 10.0 ** (-3.0 * times_s / t60_s)
    return np.concatenate([np.zeros((ONSET_FRAMES, 2)), np.stack([tone, 0.5 * tone], axis=1)])


def test_pitch_levels_ring_and_width_of_tones() -> None:
    kick, hat = ringing(100.0, 0.5, 0.9), ringing(8000.0, 0.05, 0.9)
    shots = {"kick": {SOFT: 0.1 * kick, LOUD: kick}, "hihat": {SOFT: 0.1 * hat, LOUD: hat}}
    values = {(measure, sound): value for measure, sound, value in measured(shots)}
    assert values["pitch, Hz", "kick"] == pytest.approx(100.0, abs=1.0)
    assert values["ring, s", "hihat"] == pytest.approx(0.3, rel=0.02)
    assert values["centroid, Hz", "hihat"] == pytest.approx(8000.0, rel=0.02)
    assert values["level re kick, dB", "hihat"] == pytest.approx(-20.0, abs=0.2)
    assert values["peak re kick, dB", "hihat"] == pytest.approx(-20.0, abs=0.3)
    assert values["level of 127 re 64, dB", "kick"] == pytest.approx(20.0)
    assert values["width, dB", "kick"] == pytest.approx(20.0 * np.log10(0.5 / 1.5), abs=0.01)
    assert ("pitch, Hz", "hihat") not in values


def test_random_kits_reach_the_levels_and_kicks_of_recordings() -> None:
    rows = {(row.measure, row.sound, row.kits): row for row in read_table(table_path())}
    for (measure, sound, kits), recorded in rows.items():
        if kits == "recorded" and (measure == "level re kick, dB" or (measure, sound) == ("pitch, Hz", "kick")):
            random = rows[measure, sound, "random"].values
            assert random[0] <= recorded.values[1], (measure, sound)
            assert random[-1] >= recorded.values[3], (measure, sound)
    assert rows["pitch, Hz", "kick", "random"].values[-1] > 110.0
