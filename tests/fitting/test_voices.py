"""Arithmetic on voices does to their sound what it says."""

from __future__ import annotations

import numpy as np
import pytest
from drum_measures import fundamental_hz
from drum_measures import t30_s as measured_t30_s
from toy_fits import cymbal, drum, struck

from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, VoiceModel
from stemgmd_tools.kits.synthesis.takes import LEVEL_S
from stemgmd_tools.kits.voices.arithmetic import level_db, louder, pitched, reshaped, stretched, t30_s, value_at
from stemgmd_tools.kits.voices.sums import added

EXPECTED_DB = 1.0
"""A stroke's level swings about the expected one as noise of this length does."""


def energy_db(voice: VoiceModel) -> float:
    """Mean level of eight strokes over the time that levels are measured over."""
    frames = round(LEVEL_S * SAMPLE_RATE)
    strokes = [struck(voice, place=place)[:frames] for place in np.arange(8) / 8]
    return float(10 * np.log10(np.mean([(stroke**2).sum() / frames / 2 for stroke in strokes])))


@pytest.mark.parametrize("voice", [cymbal(), drum(120.0)], ids=["cymbal", "drum"])
def test_the_level_expected_is_the_level_heard(voice: VoiceModel) -> None:
    assert level_db(voice, 100) == pytest.approx(energy_db(voice), abs=EXPECTED_DB)
    assert level_db(louder(voice, 5.0), 100) == pytest.approx(level_db(voice, 100) + 5.0, abs=0.01)
    assert level_db(voice, 50) < level_db(voice, 100) - 6.0


def test_the_ring_expected_is_the_ring_heard() -> None:
    for voice in (cymbal(ring_s=1.0), drum(120.0)):
        assert t30_s(voice) == pytest.approx(measured_t30_s(struck(voice)), rel=0.15)
        assert t30_s(stretched(voice, 1.5)) == pytest.approx(1.5 * t30_s(voice), rel=0.05)
        assert measured_t30_s(struck(stretched(voice, 1.5))) == pytest.approx(1.5 * t30_s(voice), rel=0.15)


def test_a_higher_voice_sounds_higher() -> None:
    assert fundamental_hz(struck(pitched(drum(100.0), 1.25)), 60, 200) == pytest.approx(125.0, abs=1.0)
    moved = pitched(cymbal(), 1.5)
    assert moved.noise.colour is not None
    assert moved.noise.level_db.frequencies_hz[-1] == 18000.0
    assert pitched(cymbal(), 2.0).noise.level_db.frequencies_hz == (200.0, 2000.0, 8000.0)
    assert level_db(moved, 100) == pytest.approx(level_db(cymbal(), 100), abs=3.0)


def test_a_change_moves_the_noise_and_the_modes_where_it_says() -> None:
    change = BandEnvelope(frequencies_hz=(200.0, 2000.0), times_s=(0.0, 0.1), values=((0.0, 0.0), (0.0, -12.0)))
    assert value_at(change, (100.0, 2000.0, 9000.0), (0.0, 0.05, 1.0)).tolist() == [
        [0.0, 0.0, 0.0],
        [0.0, -6.0, -12.0],
        [0.0, -6.0, -12.0],
    ]
    before, after = cymbal(), reshaped(cymbal(), change)
    levels = np.array(after.noise.level_db.values) - np.array(before.noise.level_db.values)
    assert levels[0].round(1).tolist() == [0.0] * 5
    assert levels[2].round(1).tolist() == [0.0, -0.5, -2.4, -12.0, -12.0]
    assert before.body is not None and after.body is not None
    assert np.subtract(after.body.level_db, before.body.level_db)[-1] == pytest.approx(-4.8, abs=0.1)


def test_the_sum_of_two_voices_has_the_power_of_both() -> None:
    one, other = drum(120.0), drum(700.0, level_db=-26.0)
    powers = [10 ** (level_db(voice, 100) / 10) for voice in (one, other, added(one, other, 0.0))]
    assert powers[2] == pytest.approx(powers[0] + powers[1], rel=0.02)
    both = added(one, other, 0.0, above_hz=1200.0)
    assert both.body is not None
    assert both.body.frequency_hz == (120.0, 190.8, 256.8, 1498.0)
    assert both.body.bends_db == ((1.0, 0.0), (2.0, 0.0), (0.5, 0.0), (0.5, 0.0))


def test_modes_with_free_phases_join_modes_that_keep_theirs() -> None:
    both = added(drum(120.0), cymbal(), -10.0)
    assert both.body is not None and both.body.phase_turns is not None
    assert len(both.body.phase_turns) == len(both.body.frequency_hz) == 9
    assert added(cymbal(), drum(120.0), 0.0).body.phase_turns is None  # type: ignore[union-attr]
    assert np.isfinite(struck(both)).all()
