"""Takes of one layer differ as recorded repeats do, and no more."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from toy_fits import cymbal, drum

from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE
from stemgmd_tools.kits.synthesis.parameters import Jitter, VoiceModel
from stemgmd_tools.kits.synthesis.takes import WITHIN_DB, WITHIN_DB_PER_OCTAVE, levelled, power, powers, tilts
from stemgmd_tools.kits.synthesis.voice import Synthesiser

ARITHMETIC = 1e-9
WILD = Jitter(level_db=6.0, tilt_db_per_octave=3.0, band_db=3.0, mode_db=6.0)
"""Far more than any recording shows; a sample map may ask for it."""

draws = st.lists(st.floats(-8, 8), min_size=1, max_size=9).map(np.array)
jitters = st.builds(Jitter, level_db=st.floats(0, 6), tilt_db_per_octave=st.floats(0, 3))


@given(jitters, draws)
def test_levels_of_takes_lie_within_the_bound_about_their_layers(jitter: Jitter, drawn: NDArray[np.float64]) -> None:
    measured = powers(jitter, drawn)
    assert 10 * np.log10(measured.max() / measured.min()) <= WITHIN_DB + ARITHMETIC
    assert measured.mean() == pytest.approx(1.0)
    assert (np.diff(measured[np.argsort(drawn, kind="stable")]) >= -ARITHMETIC).all()
    if len(drawn) % 2:
        assert 1.0 in measured.tolist()


@given(jitters, draws)
def test_tilts_of_takes_lie_within_the_bound(jitter: Jitter, drawn: NDArray[np.float64]) -> None:
    measured = np.array([tilt.db_per_octave for tilt in tilts(jitter, drawn)])
    assert np.ptp(measured) <= WITHIN_DB_PER_OCTAVE + ARITHMETIC
    assert measured.mean() == pytest.approx(0.0, abs=1e-6)


def test_small_jitter_keeps_its_size() -> None:
    small = Jitter(level_db=0.2, tilt_db_per_octave=0.05)
    drawn = np.random.default_rng(0).standard_normal((4000, 3))
    levels_db = 10 * np.log10(np.array([powers(small, row) for row in drawn]))
    slopes = np.array([[tilt.db_per_octave for tilt in tilts(small, row)] for row in drawn])
    # the range of three normal numbers is 1.69 standard deviations wide on average
    assert np.ptp(levels_db, axis=1).mean() == pytest.approx(1.69 * 0.2, rel=0.05)
    assert slopes.std() == pytest.approx(0.05, rel=0.05)


def test_takes_get_the_powers_that_are_wanted() -> None:
    draw = np.random.default_rng(1)
    sounds = [draw.standard_normal((frames, 2)) * gain for frames, gain in ((20_000, 0.1), (3_000, 0.3), (9_000, 0.2))]
    wanted = np.array([1.2, 0.8, 1.0])
    measured = np.array([power(sound) for sound in levelled(sounds, wanted)])
    assert measured / np.mean([power(sound) for sound in sounds]) == pytest.approx(wanted)


def test_silent_takes_stay_silent() -> None:
    assert not np.array(levelled([np.zeros((100, 2))] * 2, np.ones(2))).any()


@pytest.mark.parametrize("voice", [cymbal(), drum(120.0)], ids=["cymbal", "drum"])
@pytest.mark.parametrize("variations", [1, 2, 3, 4])
def test_no_jitter_of_a_sample_map_moves_takes_beyond_the_bound(voice: VoiceModel, variations: int) -> None:
    changed = voice.model_copy(update={"jitter": WILD, "variations": variations, "layers": (60,)})
    synthesiser = Synthesiser(changed, None, "test", "toy")
    takes = [synthesiser.one_shot(0, 0, variation) for variation in range(variations)]
    levels_db = [10 * np.log10((take[: SAMPLE_RATE // 5] ** 2).sum()) for take in takes]
    assert np.ptp(levels_db) <= WITHIN_DB + 1e-6
    assert len({take.tobytes() for take in takes}) == variations
