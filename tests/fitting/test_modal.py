"""Modes estimated from toy drums whose modes are known."""

from __future__ import annotations

import numpy as np
import pytest

from stemgmd_tools.fitting.modal.estimate import ModalFit, fit_modes
from stemgmd_tools.fitting.recordings.families import Family
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Float, Tilt
from stemgmd_tools.kits.synthesis.modes import ModeBank
from stemgmd_tools.kits.synthesis.parameters import Glide, Jitter, Modes
from stemgmd_tools.seeds import stream

VELOCITIES = (30, 70, 110)
STILL = Jitter(level_db=0.0, band_db=0.0, mode_db=0.0, frequency=0.0)
NOISE_DB = -75.0

BODY = Modes(
    frequency_hz=(92.0, 143.0, 188.0, 301.0),
    t60_s=(0.9, 0.6, 0.5, 0.3),
    level_db=(-12.0, -18.0, -20.0, -26.0),
    left_minus_right_db=(1.0, -4.0, 2.0, 0.0),
    phase_turns=(0.7, 0.1, 0.4, 0.9),
    channel_phase_turns=(0.0, 0.05, -0.1, 0.2),
    velocity_db_per_octave=(8.0, 9.0, 10.0, 12.0),
)
GLIDE = Glide(depth=(0.08, 0.04), time_s=(0.04, 0.15), velocity_exponent=1.0)


def toy_strokes(body: Modes, glide: Glide | None, length_s: float = 1.2, repeats: int = 2) -> tuple[Strokes, ...]:
    """Return strokes of known modes with a little noise, late by up to 0.3 ms."""
    frames = round(length_s * SAMPLE_RATE)
    layers = []
    for velocity in VELOCITIES:
        takes = []
        for repeat in range(repeats):
            draw = stream(5, "toy", velocity, repeat)
            sound = ModeBank.from_parameters(body).strike(velocity, frames, STILL, Tilt(0.0, 0.0), glide, draw)
            late = 5 * repeat
            take = np.concatenate([np.zeros((ONSET_FRAMES + late, 2)), sound])
            takes.append(take + 10.0 ** (NOISE_DB / 20.0) * draw.standard_normal(take.shape))
        layers.append(Strokes(velocity, float("nan"), tuple(takes), NOISE_DB))
    return tuple(layers)


def body_of(fit: ModalFit, velocity: int, frames: int) -> Float:
    """Return the body of a stroke as the fit has it."""
    assert fit.body is not None
    draw = stream(0, "unused")
    return ModeBank.from_parameters(fit.body).strike(velocity, frames, STILL, Tilt(0.0, 0.0), fit.glide, draw)


def nearest(fit: ModalFit, frequency_hz: float) -> int:
    assert fit.body is not None
    level = np.array(fit.body.level_db)
    away = np.abs(np.log2(np.array(fit.body.frequency_hz) / frequency_hz))
    return int(np.argmax(np.where(away < 0.01, level, -np.inf)))


@pytest.fixture(scope="module")
def tom() -> ModalFit:
    return fit_modes(toy_strokes(BODY, GLIDE), Family.TOM)


def test_the_modes_of_a_gliding_drum_are_found(tom: ModalFit) -> None:
    assert tom.body is not None
    for index, frequency_hz in enumerate(BODY.frequency_hz):
        nearest_hz = nearest(tom, frequency_hz)
        assert tom.body.frequency_hz[nearest_hz] == pytest.approx(frequency_hz, rel=2e-3)
        assert tom.body.t60_s[nearest_hz] == pytest.approx(BODY.t60_s[index], rel=0.1)
        assert tom.body.level_db[nearest_hz] == pytest.approx(BODY.level_db[index], abs=1.0)
        assert tom.body.velocity_db_per_octave[nearest_hz] == pytest.approx(BODY.velocity_db_per_octave[index], abs=0.7)
        assert tom.body.left_minus_right_db is not None and BODY.left_minus_right_db is not None
        assert tom.body.left_minus_right_db[nearest_hz] == pytest.approx(BODY.left_minus_right_db[index], abs=0.7)


def test_the_glide_is_found_and_follows_velocity(tom: ModalFit) -> None:
    assert tom.glide is not None
    assert sum(tom.glide.depth) == pytest.approx(sum(GLIDE.depth), rel=0.15)
    assert tom.glide.velocity_exponent == pytest.approx(1.0, abs=0.15)


@pytest.mark.parametrize("velocity", VELOCITIES)
def test_the_waveform_is_the_strokes_but_for_its_lateness(tom: ModalFit, velocity: int) -> None:
    strokes = next(one for one in toy_strokes(BODY, GLIDE) if one.velocity == velocity)
    wanted = strokes.repeats[0][ONSET_FRAMES:][:20000]
    model = body_of(tom, velocity, len(wanted))
    errors = []
    for late in range(-8, 9):
        moved = np.roll(model, late, axis=0)
        errors.append(((moved - wanted)[200:] ** 2).sum() / (wanted[200:] ** 2).sum())
    assert min(errors) < 0.02


def test_phases_that_turn_with_velocity_are_found() -> None:
    bends = {"bend_velocities": VELOCITIES, "bends_db": ((0.0,) * 3,) * 4}
    body = BODY.model_copy(update={**bends, "phase_bends_turns": ((-0.2, -0.1, 0.0),) * 4})
    fit = fit_modes(toy_strokes(body, None, 0.8), Family.KICK)
    assert fit.body is not None and fit.body.phase_bends_turns is not None
    left = {}
    for turns in (fit.body.phase_bends_turns, None):
        straight = fit._replace(body=fit.body.model_copy(update={"phase_bends_turns": turns}))
        strokes = toy_strokes(body, None, 0.8)[0]
        wanted = strokes.repeats[0][ONSET_FRAMES:][:20000]
        model = body_of(straight, strokes.velocity, len(wanted))
        moved = [((np.roll(model, late, axis=0) - wanted)[200:] ** 2).sum() for late in range(-70, 71, 2)]
        left[turns is None] = min(moved) / (wanted[200:] ** 2).sum()
    assert left[False] < 0.05
    assert left[True] > 2.0 * left[False]


def test_a_fit_is_repeatable() -> None:
    strokes = toy_strokes(BODY, GLIDE, 0.4, 1)
    one, other = (fit_modes(strokes, Family.KICK) for _ in range(2))
    assert one[:3] == other[:3]
    moved = [[sound for layer in fit.together for sound in layer.repeats] for fit in (one, other)]
    assert all(np.array_equal(*pair) for pair in zip(*moved, strict=True))


def test_the_end_of_a_recording_is_not_the_end_of_its_modes() -> None:
    cut = fit_modes(toy_strokes(BODY, None, 0.45), Family.KICK)
    assert cut.body is not None
    assert cut.body.t60_s[nearest(cut, 92.0)] == pytest.approx(0.9, rel=0.15)


def test_a_closed_hat_has_no_modes() -> None:
    assert fit_modes(toy_strokes(BODY, None, 0.3, 1), Family.HIHAT_CLOSED) == ModalFit(None, None, None)


def test_one_velocity_gets_the_usual_slope() -> None:
    fit = fit_modes(toy_strokes(BODY, None, 0.8)[-1:], Family.KICK)
    assert fit.body is not None
    assert not fit.body.bend_velocities
    assert all(5.0 < slope < 13.0 for slope in fit.body.velocity_db_per_octave)


def test_silence_has_no_modes() -> None:
    silent = Strokes(100, float("nan"), (np.zeros((20000, 2)),), -200.0)
    for family in (Family.TOM, Family.KICK, Family.RIDE):
        assert fit_modes((silent,), family) == ModalFit(None, None, None)


def test_a_very_short_stroke_is_fitted_without_a_body() -> None:
    draw = stream(1, "short")
    click = np.zeros((ONSET_FRAMES + 900, 2))
    click[ONSET_FRAMES:] = draw.standard_normal((900, 2)) * np.exp(-np.arange(900) / 100.0)[:, None]
    fit = fit_modes((Strokes(90, float("nan"), (click,), -90.0),), Family.CROSS_STICK)
    assert fit.body is None


def test_partials_of_a_cymbal_are_found_with_free_phase() -> None:
    cymbal = Modes(
        frequency_hz=(420.0, 1103.0, 2750.0),
        t60_s=(3.0, 2.0, 1.5),
        level_db=(-30.0, -34.0, -36.0),
        phase_turns=(0.0, 0.3, 0.6),
        velocity_db_per_octave=(9.0,),
        onset_s=0.015,
    )
    fit = fit_modes(toy_strokes(cymbal, None, 2.5), Family.RIDE)
    assert fit.body is not None
    assert fit.body.phase_turns is None
    assert fit.glide is None and fit.attack is None
    for frequency_hz, t60_s, level_db in zip(cymbal.frequency_hz, cymbal.t60_s, cymbal.level_db, strict=True):
        nearest_hz = nearest(fit, frequency_hz)
        assert fit.body.frequency_hz[nearest_hz] == pytest.approx(frequency_hz, abs=0.5)
        assert fit.body.t60_s[nearest_hz] == pytest.approx(t60_s, rel=0.1)
        assert fit.body.level_db[nearest_hz] == pytest.approx(level_db, abs=1.0)
