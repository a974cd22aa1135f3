"""Levels rise with velocity after evening; what rises already stays."""

from __future__ import annotations

import numpy as np

from stemgmd_tools.fitting.velocity.monotonic_levels import layer_levels_db, with_rising_levels
from stemgmd_tools.kits.bank.velocity_curve import UNEVEN_DB
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Modes, Noise, VelocityBend, VoiceModel


def drum(dip_db: float) -> VoiceModel:
    """Return a drum whose modes are softer by ``dip_db`` at velocity 90 than its law says."""
    bends = (0.0, 0.0, -dip_db, 0.0)
    table = BandEnvelope(frequencies_hz=(100, 5000), times_s=(0.0, 0.1), values=((0, 0), (0, 0)))
    return VoiceModel(
        layers=(20, 50, 70, 90, 110),
        variations=3,
        duration_s=1.0,
        noise=Noise(
            level_db=BandEnvelope(frequencies_hz=(100, 5000), times_s=(0.0, 0.2), values=((-60, -90), (-65, -95))),
            velocity_db_per_octave=BandEnvelope(frequencies_hz=(1000,), times_s=(0.0, 0.1), values=((8, 8),)),
            velocity_bends=(VelocityBend(velocity=30, change_db=table), VelocityBend(velocity=120, change_db=table)),
        ),
        body=Modes(
            frequency_hz=(110.0, 190.0),
            t60_s=(0.5, 0.3),
            level_db=(-12.0, -20.0),
            phase_turns=(0.0, 0.3),
            velocity_db_per_octave=(9.0,),
            bend_velocities=(20, 60, 90, 120),
            bends_db=(bends, bends),
        ),
    )


def fall_db(voice: VoiceModel) -> float:
    levels = layer_levels_db(voice, None, "toy", "hi_tom_head")
    return float((np.maximum.accumulate(levels) - levels).max())


def test_a_dip_is_filled() -> None:
    assert fall_db(drum(8.0)) > 2 * UNEVEN_DB
    assert fall_db(with_rising_levels(drum(8.0), None, "toy", "hi_tom_head")) <= 0.5 * UNEVEN_DB


def test_the_least_is_changed() -> None:
    before, after = (layer_levels_db(one, None, "toy", "hi_tom_head") for one in (drum(8.0), _even(drum(8.0))))
    assert abs(after[0] - before[0]) < 1.5
    assert np.abs(after - before).max() < 8.0


def test_what_rises_stays_as_it_is() -> None:
    assert _even(drum(0.0)) == drum(0.0)


def test_a_voice_without_bends_stays_as_it_is() -> None:
    straight = drum(0.0)
    noise = straight.noise.model_copy(update={"velocity_bends": ()})
    straight = straight.model_copy(update={"noise": noise, "body": None})
    assert _even(straight) == straight


def _even(voice: VoiceModel) -> VoiceModel:
    return with_rising_levels(voice, None, "toy", "hi_tom_head")
