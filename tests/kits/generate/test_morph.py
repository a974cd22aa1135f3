"""Kits between two kits."""

from __future__ import annotations

import numpy as np
import pytest
from drum_measures import Sound, distance_db, mel_power
from toy_models import toy_model

from stemgmd_tools.kits.generate.morph import mixed_articulations, mixed_room
from stemgmd_tools.kits.generate.morph_modes import mixed_modes
from stemgmd_tools.kits.generate.morph_voice import mixed_voice
from stemgmd_tools.kits.generate.parents import levels_db, parent, voice_of
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.sample_map.validation import problems
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, OpennessChange, VoiceModel
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.kits.voices.loudness import pitch_hz

ONE, OTHER = parent(toy_model("one")), parent(toy_model("other", ratio=1.4))
SHARES = (0.0, 0.2, 0.5, 0.8, 1.0)
DRUMS = ("kick", "snare_head", "hi_tom_head", "mid_tom_head", "low_tom_head")
SILENT_DB = -160.0
"""Levels below this are not told apart."""
REPEAT_DB = 3.3
"""Two strokes of one voice lie less far apart."""


def between(share: float, one: KitMap = ONE, other: KitMap = OTHER) -> KitMap:
    return one.model_copy(
        update={
            "articulations": mixed_articulations(one, other, share),
            "room": mixed_room(one.room, other.room, share),
        }
    )


def mel(voice: VoiceModel, kit: str = "a", articulation: str = "b") -> Sound:
    degree = len(voice.openness.degrees) - 1 if voice.openness else 0
    return mel_power(
        Synthesiser(voice, None, kit, articulation).stroke(100, degree, 0.4, np.random.default_rng(1)), 1.0
    )


def test_the_ends_are_the_parents() -> None:
    assert between(0.0).articulations == ONE.articulations
    assert between(1.0).articulations == OTHER.articulations


def test_every_share_is_a_kit() -> None:
    for share in SHARES:
        kit = between(share)
        assert KitMap.model_validate(kit.model_dump(by_alias=True)) == kit
        assert not list(problems(kit))


def test_levels_and_pitches_lie_between_in_step() -> None:
    ends = levels_db(ONE), levels_db(OTHER)
    for share in SHARES:
        kit = between(share)
        for name, level in levels_db(kit).items():
            assert level == pytest.approx((1 - share) * ends[0][name] + share * ends[1][name], abs=0.05), name
        for drum in DRUMS:
            pitch = pitch_hz(voice_of(kit.articulations[drum])) or 0
            assert pitch == pytest.approx((pitch_hz(voice_of(ONE.articulations[drum])) or 0) * 1.4**share, rel=0.03)


@pytest.mark.parametrize("name", ["kick", "low_tom_head", "hihat_open_bow", "ride_bell", "crash1_edge"])
def test_the_sound_moves_from_one_parent_to_the_other(name: str) -> None:
    sounds = [mel(voice_of(between(share).articulations[name])) for share in (0.0, 0.01, 0.3, 0.7, 0.99, 1.0)]
    assert distance_db(sounds[0], sounds[1]) < REPEAT_DB
    assert distance_db(sounds[-1], sounds[-2]) < REPEAT_DB
    from_one = [distance_db(sounds[0], sound) for sound in sounds]
    assert from_one[0] < from_one[2] < from_one[3] < from_one[5]


def test_modes_that_have_no_counterpart_fade() -> None:
    one, other = (voice_of(kit.articulations["kick"]).body for kit in (ONE, OTHER))
    assert one is not None and other is not None
    extra = one.model_copy(
        update={
            "frequency_hz": (*one.frequency_hz, 3000.0),
            **{
                field: (*getattr(one, field), getattr(one, field)[-1])
                for field in (
                    "t60_s",
                    "level_db",
                    "left_minus_right_db",
                    "phase_turns",
                    "channel_phase_turns",
                    "velocity_db_per_octave",
                    "bends_db",
                    "phase_bends_turns",
                )
            },
        }
    )

    def level(share: float) -> float:
        mixed = mixed_modes(extra, one, share)
        assert mixed is not None
        return mixed.level_db[int(np.argmax(np.array(mixed.frequency_hz) > 2999.0))]

    assert level(0.5) == pytest.approx(extra.level_db[-1] - 6.02, abs=0.01)
    assert level(0.9) == pytest.approx(extra.level_db[-1] - 20.0, abs=0.01)
    gone = mixed_modes(extra, one, 0.9999)
    assert gone is not None and max(gone.frequency_hz) < 2999.0


def test_equal_parents_give_themselves() -> None:
    for name in ("kick", "hihat_open_bow", "ride_bow"):
        voice = voice_of(ONE.articulations[name])
        mixed = mixed_voice(voice, voice, 0.4)
        assert np.allclose(mixed.noise.level_db.values, np.maximum(voice.noise.level_db.values, SILENT_DB))
        assert mixed.noise.colour is not None and voice.noise.colour is not None
        assert np.allclose(mixed.noise.colour.gain_db or (), voice.noise.colour.gain_db or ())
        assert mixed.openness == voice.openness
        if voice.body is not None and mixed.body is not None:
            assert np.allclose(mixed.body.frequency_hz, voice.body.frequency_hz)


def _change(degree: float, times_s: tuple[float, ...], db: float) -> OpennessChange:
    rows = (tuple(db * time_s for time_s in times_s),)
    table = BandEnvelope(frequencies_hz=(1000.0,), times_s=times_s, values=rows)
    return OpennessChange(degree=degree, change_db=table)


def test_what_openness_adds_is_mixed_on_a_grid_that_serves_every_degree() -> None:
    voice = voice_of(ONE.articulations["hihat_open_bow"])
    assert voice.openness is not None
    changes = (_change(0.0, (0.0, 0.1), 60.0), _change(0.5, (0.0, 0.4, 0.9), 20.0))
    one = voice.model_copy(update={"openness": voice.openness.model_copy(update={"changes": changes})})
    mixed = mixed_voice(one, voice.model_copy(update={"openness": voice.openness}), 0.25).openness
    assert mixed is not None and mixed.changes is not None
    assert [change.degree for change in mixed.changes] == [0.0, 0.5]
    for change, limit_s, db in zip(mixed.changes, (0.1, 0.9), (60.0, 20.0), strict=True):
        assert change.change_db.times_s == (0.0, 0.1, 0.4, 0.9)
        expected = [0.75 * db * min(time_s, limit_s) for time_s in change.change_db.times_s]
        assert change.change_db.values[0] == pytest.approx(expected)


def test_the_fine_colour_keeps_its_depth_half_way() -> None:
    depths = []
    for share in SHARES:
        colour = voice_of(between(share).articulations["crash1_bow"]).noise.colour
        assert colour is not None
        depths.append(np.std(colour.gain_db or ()))
    assert max(depths) < 1.2 * min(depths)


def test_a_short_voice_whose_end_rises_does_not_swell_in_a_longer_one() -> None:
    """Fits of cut recordings may end in a rise, which was continued to the end of the other voice: 160 dB of it."""
    long = voice_of(ONE.articulations["crash1_edge"])
    levels = long.noise.level_db
    rising = BandEnvelope(
        frequencies_hz=levels.frequencies_hz,
        times_s=(0.0, 0.2, 0.3),
        values=tuple((row[0], row[0] - 30.0, row[0] - 27.0) for row in levels.values),
    )
    short = long.model_copy(update={"noise": long.noise.model_copy(update={"level_db": rising}), "duration_s": 0.3})
    mixed = mixed_voice(short, long, 0.5).noise.level_db
    late = np.array(mixed.values)[:, np.array(mixed.times_s) > 0.3]
    assert late.shape[1] > 0
    assert (np.diff(late, axis=1) <= 0.0).all()
    assert late.max() <= np.array(levels.values).max()


def test_what_only_one_parent_has_fades_in() -> None:
    bare = VoiceModel(
        noise=voice_of(ONE.articulations["kick"]).noise.model_copy(update={"colour": None, "stereo": None})
    )
    full = voice_of(OTHER.articulations["kick"])
    mixed = mixed_voice(bare, full, 0.3)
    assert mixed.body is not None and full.body is not None and mixed.glide is not None and full.glide is not None
    assert max(mixed.body.level_db) == pytest.approx(max(full.body.level_db) + 20 * np.log10(0.3))
    assert np.allclose(mixed.glide.depth, 0.3 * np.array(full.glide.depth))
    assert mixed.noise.stereo is not None and min(mixed.noise.stereo.coherence) > 0.7
    room = mixed_room(None, OTHER.room, 0.5)
    assert room is not None and OTHER.room is not None
    assert room.late_db < OTHER.room.late_db
    assert mixed_room(None, None, 0.5) is None
