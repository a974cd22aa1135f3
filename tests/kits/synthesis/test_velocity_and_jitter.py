"""What a voice does between velocities, and how two strokes of one velocity differ."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE, Tilt
from stemgmd_tools.kits.synthesis.colour import colour_gains, grid_hz
from stemgmd_tools.kits.synthesis.modes import ModeBank
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Colour, Jitter, Modes, Noise, VelocityBend, VoiceModel
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.seeds import stream

NOISE_DB = 0.7
"""Half a second of white noise from 20 Hz to 20 kHz: its level is known to a few tenths of a decibel."""
STILL = Jitter(band_db=0, mode_db=0, frequency=0)
NO_TILT = Tilt(0.0, 0.0)


def flat(*bends: tuple[int, float]) -> Noise:
    table = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0,), values=((-30.0,),))
    slope = table.model_copy(update={"values": ((6.0,),)})
    return Noise(
        level_db=table,
        velocity_db_per_octave=slope,
        velocity_bends=tuple(
            VelocityBend(velocity=velocity, change_db=table.model_copy(update={"values": ((change,),)}))
            for velocity, change in bends
        ),
    )


def stroke(voice: VoiceModel, velocity: float, place: float = 0.1, seed: int = 0) -> NDArray[np.float64]:
    synthesiser = Synthesiser(voice, None, "test", "snare_head")
    return synthesiser.stroke(velocity, 0, place, stream(seed, "test"), frames=SAMPLE_RATE // 2)


def level_db(sound: NDArray[np.float64]) -> float:
    return float(10 * np.log10((sound**2).mean()))


def test_noise_follows_its_slope_and_its_bends() -> None:
    straight = VoiceModel(noise=flat(), jitter=STILL)
    bent = VoiceModel(noise=flat((25, -8.0), (50, 4.0), (100, 0.0)), jitter=STILL)
    change = {v: level_db(stroke(bent, v)) - level_db(stroke(straight, v)) for v in (10, 25, 50, 70.7, 100, 127)}
    # constant below the softest bend, linear in log2 of velocity between two, constant above the hardest
    assert change == pytest.approx({10: -8, 25: -8, 50: 4, 70.7: 2, 100: 0, 127: 0}, abs=0.01)
    assert level_db(stroke(straight, 100)) - level_db(stroke(straight, 50)) == pytest.approx(6.0, abs=0.01)


def test_modes_follow_their_bends_and_exponents() -> None:
    modes = Modes(
        frequency_hz=(200.0, 300.0),
        t60_s=(1.0, 0.5),
        level_db=(-20.0, -30.0),
        velocity_db_per_octave=(6.0,),
        bend_velocities=(50, 100),
        bends_db=((3.0, 0.0), (-3.0, 0.0)),
        t60_velocity_exponent=-0.5,
        frequency_velocity_exponent=0.1,
    )
    bank = ModeBank.from_parameters(modes)
    gain_db = 20 * np.log10(np.abs(bank.at_velocity(50)[0]) / np.abs(bank.at_velocity(100)[0]))
    assert gain_db == pytest.approx([-3.0, -9.0])
    assert bank.rate_at(50).imag / bank.rate.imag == pytest.approx([0.5**0.1] * 2)
    assert bank.rate_at(50).real / bank.rate.real == pytest.approx(
        [0.5**0.5] * 2
    )  # shorter when hard, longer when soft
    assert bank.rate_at(100) == pytest.approx(bank.rate)


def test_phases_turn_with_velocity() -> None:
    modes = Modes(
        frequency_hz=(200.0, 300.0),
        t60_s=(1.0, 0.5),
        level_db=(-20.0, -30.0),
        phase_turns=(0.1, 0.2),
        channel_phase_turns=(0.05, 0.0),
        velocity_db_per_octave=(6.0,),
        bend_velocities=(25, 100),
        bends_db=((0.0, 0.0), (0.0, 0.0)),
        phase_bends_turns=((0.6, 0.0), (0.0, -0.1)),
    )
    bank = ModeBank.from_parameters(modes)
    turns = {v: np.angle(bank.at_velocity(v)) / (2 * np.pi) % 1.0 for v in (10, 25, 50, 100, 127)}
    # as it turns, past half a turn, linear in log2 of velocity; constant outside; both channels alike
    assert turns[25] == pytest.approx(np.array([[0.7, 0.2], [0.75, 0.2]]))
    assert turns[50] == pytest.approx(np.array([[0.4, 0.15], [0.45, 0.15]]))
    assert turns[100] == pytest.approx(np.array([[0.1, 0.1], [0.15, 0.1]]))
    assert turns[10] == pytest.approx(turns[25]) and turns[127] == pytest.approx(turns[100])
    straight = ModeBank.from_parameters(modes.model_copy(update={"phase_bends_turns": None}))
    assert np.abs(bank.at_velocity(50)) == pytest.approx(np.abs(straight.at_velocity(50)))


@pytest.mark.parametrize("wrong", [{"phase_turns": None}, {"phase_bends_turns": ((0.0,),)}])
def test_turns_need_phases_and_a_column_per_bend(wrong: dict[str, object]) -> None:
    fields = {
        "frequency_hz": (200.0,),
        "t60_s": (1.0,),
        "level_db": (-20.0,),
        "phase_turns": (0.1,),
        "velocity_db_per_octave": (6.0,),
        "bend_velocities": (25, 100),
        "bends_db": ((0.0, 0.0),),
        "phase_bends_turns": ((0.6, 0.0),),
    }
    assert Modes.model_validate(fields).phase_bends_turns == ((0.6, 0.0),)
    with pytest.raises(ValueError, match="phase_bends_turns needs phase_turns"):
        Modes.model_validate({**fields, **wrong})


def test_a_tilt_turns_about_one_kilohertz() -> None:
    tilt = Tilt(2.0, 1.5)
    assert tilt.at(np.array([500.0, 1000.0, 4000.0])) == pytest.approx([0.5, 2.0, 5.0])


def test_a_stroke_is_louder_as_a_whole_by_its_own_level() -> None:
    modes = ModeBank.from_parameters(
        Modes(
            frequency_hz=(1000.0,), t60_s=(1.0,), level_db=(-20.0,), phase_turns=(0.0,), velocity_db_per_octave=(6.0,)
        )
    )
    usual, loud = (modes.strike(100, 4000, STILL, own, None, stream(0)) for own in (NO_TILT, Tilt(6.0, 0.0)))
    assert loud == pytest.approx(usual * 10**0.3)


def test_level_jitter_has_its_size() -> None:
    voice = VoiceModel(noise=flat(), jitter=Jitter(level_db=2.0, band_db=0, mode_db=0, frequency=0))
    levels = [level_db(stroke(voice, 100, seed=seed)) for seed in range(60)]
    assert np.std(levels) == pytest.approx(2.0, abs=0.5)  # 60 draws know a standard deviation to 9 %


@pytest.mark.parametrize("shared", [0.0, 0.5, 0.9, 1.0])
def test_strokes_share_as_much_noise_as_said(shared: float) -> None:
    voice = VoiceModel(noise=flat(), jitter=STILL.model_copy(update={"shared_noise": shared}))
    one, other = stroke(voice, 100, 0.1), stroke(voice, 100, 0.7)
    correlation = float((one * other).sum() / np.sqrt((one**2).sum() * (other**2).sum()))
    assert correlation == pytest.approx(shared, abs=0.05)
    assert level_db(one) == pytest.approx(level_db(stroke(VoiceModel(noise=flat(), jitter=STILL), 100)), abs=NOISE_DB)


def test_a_given_colour_lies_on_a_grid_that_widens() -> None:
    colour = Colour(gain_db=(0.0,) * 40, low_hz=50.0, points_per_octave=48, least_step_hz=3.0)
    grid = grid_hz(colour)
    assert len(grid) == 40
    assert np.diff(grid)[:10] == pytest.approx([3.0] * 10)
    wide = grid_hz(Colour(gain_db=(0.0,) * 400, low_hz=50.0, points_per_octave=48, least_step_hz=3.0))
    assert wide[-1] / wide[-2] == pytest.approx(2 ** (1 / 48))


def test_a_colour_on_a_grid_is_read_off_its_points() -> None:
    colour = Colour(gain_db=(-6.0, 6.0, 0.0), low_hz=100.0, points_per_octave=1)
    gain_db = 20 * np.log10(colour_gains(colour, "kit", np.array([100.0, 200.0, 400.0, 800.0])))
    assert gain_db == pytest.approx([-6, 6, 0, 0])
