"""The grain of a noise: what it adds to a spectrum, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from stemgmd_tools.fitting.noise.grain import deepened, flatness_of
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES
from stemgmd_tools.fitting.velocity.refine import STILL, led
from stemgmd_tools.kits.generate.morph_voice import mixed_voice
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float
from stemgmd_tools.kits.synthesis.grain import grain_gains
from stemgmd_tools.kits.synthesis.parameters import GRAIN_OCTAVES_HZ, BandEnvelope, Noise, VoiceModel
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.seeds import stream

DEEP = (8.0, 8.0, 8.0, 8.0, 8.0)
NONE = (0.0, 0.0, 0.0, 0.0, 0.0)
FREQUENCIES_HZ: Float = np.arange(1, 44_000, dtype=np.float64) * 0.5


def voice(grain_db: tuple[float, ...] | None) -> VoiceModel:
    flat = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0, 1.0), values=((-30.0, -50.0),))
    law = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0,), values=((6.0,),))
    noise = Noise(level_db=flat, velocity_db_per_octave=law, grain_db=grain_db)
    return VoiceModel(noise=noise, jitter=STILL, layers=(100,), duration_s=2.0)


def flatness(grain_db: tuple[float, ...] | None, name: str = "ride_bow", count: int = 4) -> Float:
    synthesiser = Synthesiser(voice(grain_db), None, "toy", name)
    draw = stream(0, "strokes")
    strokes = [synthesiser.stroke(100, 0, index / count, draw, frames=30_000) for index in range(count)]
    return np.asarray(np.mean([flatness_of(led(one)) for one in strokes], axis=0))


def test_lines_are_as_deep_as_the_voice_says_octave_by_octave() -> None:
    plain, deep = flatness(None), flatness(DEEP)
    assert (deep[2:] < plain[2:] - 2.0).all()
    upper = flatness((0.0, 0.0, 0.0, 0.0, 12.0))
    assert upper[-1] < plain[-1] - 4.0
    assert upper[:2] == pytest.approx(plain[:2], abs=0.3)


def test_lines_leave_the_course_of_the_spectrum_alone() -> None:
    power = grain_gains(DEEP, "kit", "ride_bow", FREQUENCIES_HZ) ** 2
    means_db = []
    for centre_hz in 1400.0 * 2.0 ** np.arange(0.0, 3.5, 0.25):
        near = np.abs(np.log2(FREQUENCIES_HZ / centre_hz)) < 1 / 24
        means_db.append(10.0 * np.log10(power[near].mean()))
        assert power[near].max() > 2.0 * power[near].mean()
    assert np.std(means_db) < 0.5
    assert -2.5 < np.mean(means_db) < 0.5
    assert (power[FREQUENCIES_HZ < 350.0] == 1.0).all()


def test_a_grain_belongs_to_the_kit_and_the_articulation() -> None:
    one = grain_gains(DEEP, "kit", "ride_bow", FREQUENCIES_HZ)
    assert np.array_equal(one, grain_gains(DEEP, "kit", "ride_bow", FREQUENCIES_HZ))
    for kit, articulation in (("kit", "crash1_edge"), ("other", "ride_bow")):
        other = grain_gains(DEEP, kit, articulation, FREQUENCIES_HZ)
        high = FREQUENCIES_HZ > 1000.0
        assert abs(np.corrcoef(np.log(one[high]), np.log(other[high]))[0, 1]) < 0.1


def test_no_depth_is_no_grain() -> None:
    assert grain_gains(NONE, "kit", "ride_bow", FREQUENCIES_HZ) == pytest.approx(np.ones(len(FREQUENCIES_HZ)))


def test_rounds_of_correction_find_the_depth() -> None:
    wanted = flatness((6.0,) * 5)
    depth: tuple[float, ...] | None = None
    for turn in range(6):
        depth = deepened(depth, flatness(depth, f"ride {turn}") - wanted)
    assert depth is not None
    assert np.array(depth)[1:] == pytest.approx(np.full(4, 6.0), abs=1.5)
    assert deepened(None, np.full(5, -1.0)) == NONE


def test_sounds_too_short_are_as_flat_as_can_be() -> None:
    assert (flatness_of(np.ones((ONSET_FRAMES + SAMPLE_RATE // 30, 2))) == 0.0).all()


def test_a_grain_between_two_is_as_deep_as_lies_between() -> None:
    mixed = mixed_voice(voice(DEEP), voice(None), 0.25).noise.grain_db
    assert mixed == pytest.approx((6.0,) * 5)
    assert mixed_voice(voice(None), voice(None), 0.25).noise.grain_db is None


def test_a_grain_has_a_depth_for_each_octave() -> None:
    with pytest.raises(ValidationError):
        voice((1.0,) * (len(GRAIN_OCTAVES_HZ) - 1))
