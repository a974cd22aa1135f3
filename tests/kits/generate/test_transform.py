"""What the figures do to a kit, by its parameters and by the sound."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pytest
from drum_measures import Sound, band_share_db, centroid_hz, fundamental_hz, glide_ratio, t30_s
from toy_models import toy_model

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.generate.figures import FIGURES
from stemgmd_tools.kits.generate.parents import levels_db, parent, voice_of
from stemgmd_tools.kits.generate.transform import transformed
from stemgmd_tools.kits.sample_map.schema import Articulation, Fallback, KitMap
from stemgmd_tools.kits.sample_map.validation import problems
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Openness, OpennessChange, VoiceModel
from stemgmd_tools.kits.synthesis.room import Room
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.kits.voices.loudness import level_db, pitch_hz

KIT = toy_model("one")


def long_kit() -> KitMap:
    """Return a kit whose ride is recorded for a long time and whose hat has a table of its own where it is shut."""
    kit = parent(KIT)
    ride, hat = (voice_of(kit.articulations[name]) for name in ("ride_bow", "hihat_open_bow"))
    level = ride.noise.level_db
    times_s = (0.0, 1.0, 2.0, 4.0, 6.0, 8.0)
    values = tuple(tuple(row[0] - 10.0 * time_s for time_s in times_s) for row in level.values)
    level = level.model_copy(update={"times_s": times_s, "values": values})
    ride = ride.model_copy(update={"noise": ride.noise.model_copy(update={"level_db": level})})
    assert hat.openness is not None
    table = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0, 0.2), values=((0.0, 6.0),))
    change = OpennessChange(degree=hat.openness.degrees[0], change_db=table)
    hat = hat.model_copy(update={"openness": hat.openness.model_copy(update={"changes": (change,)})})
    changed_voices = {"ride_bow": ride, "hihat_open_bow": hat}
    update = {name: kit.articulations[name].model_copy(update={"model": one}) for name, one in changed_voices.items()}
    return kit.model_copy(update={"articulations": {**kit.articulations, **update}})


LONG = long_kit()
SAME_DB = 0.01
IN_TUNE = 5e-3
"""A pitch is read from a spectrum, to a tenth of a semitone."""
LEVELS = {name for name in FIGURES if name.endswith("level_db") and not name.startswith("room")}


def hit(kit: KitMap, articulation: str, degree: int = 0) -> Sound:
    room = Room(kit.room, kit.name) if kit.room else None
    synthesiser = Synthesiser(voice_of(kit.articulations[articulation]), room, kit.name, articulation)
    return synthesiser.stroke(100, degree, 0.3, np.random.default_rng(0))


@lru_cache
def changed(figure: str, amount: float) -> KitMap:
    return transformed(KIT, {figure: amount})


def ascends(figure: str, amounts: tuple[float, ...], measure: object, articulation: str, degree: int = 0) -> bool:
    values = [measure(hit(changed(figure, amount), articulation, degree)) for amount in amounts]  # type: ignore[operator]
    return bool((np.diff(values) > 0).all())


def test_no_figure_changes_nothing() -> None:
    assert transformed(KIT, {}) == parent(KIT)
    assert transformed(KIT, dict.fromkeys(FIGURES, 0.0)) == parent(KIT)


def test_unknown_figures_and_amounts_out_of_range() -> None:
    with pytest.raises(UsageError, match=r'no figure "kick.tuning" \(did you mean "kick.tuning_semitones"'):
        transformed(KIT, {"kick.tuning": 1})
    with pytest.raises(UsageError, match=r"kick\.tuning_semitones is 99; allowed: -24\.\.24"):
        transformed(KIT, {"kick.tuning_semitones": 99})
    with pytest.raises(UsageError, match="allowed"):
        transformed(KIT, {"kick.tuning_semitones": float("nan")})


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize("figure", FIGURES)
def test_every_figure_keeps_a_kit_valid_to_its_limit(figure: str, sign: int) -> None:
    amount = FIGURES[figure].limit * (abs(sign) if figure.endswith(("scatter", "grain")) else sign)
    kit = transformed(KIT, {figure: amount})
    assert KitMap.model_validate(kit.model_dump(by_alias=True)) == kit
    assert not list(problems(kit))
    assert kit != parent(KIT)


@pytest.mark.parametrize("figure", sorted(set(FIGURES) - LEVELS - {"balance.evenness"}))
def test_the_balance_stays_whatever_else_changes(figure: str) -> None:
    before, after = levels_db(parent(KIT)), levels_db(transformed(KIT, {figure: FIGURES[figure].limit / 3}))
    assert all(abs(after[name] - before[name]) < SAME_DB for name in before)


def test_levels_are_those_of_the_instrument_alone() -> None:
    before = levels_db(parent(KIT))
    after = levels_db(transformed(KIT, {"snare.level_db": 3.0, "toms.level_db": -2.0, "low_tom.level_db": 0.5}))
    for name, level in after.items():
        added = {"snare": 3.0, "hi_tom": -2.0, "mid_tom": -2.0, "low_tom": -1.5}
        wanted = next((amount for instrument, amount in added.items() if name.startswith(instrument)), 0.0)
        assert level - before[name] == pytest.approx(wanted, abs=SAME_DB)


def test_tuning_moves_the_head_by_so_many_semitones_and_glides_less() -> None:
    kit = changed("kick.tuning_semitones", 5.0)
    ratio = 2 ** (5 / 12)
    was, now = (voice_of(one.articulations["kick"]) for one in (KIT, kit))
    assert pitch_hz(now) == pytest.approx(ratio * (pitch_hz(was) or 0), rel=IN_TUNE)
    assert fundamental_hz(hit(kit, "kick"), 30, 200) == pytest.approx(
        ratio * fundamental_hz(hit(KIT, "kick"), 30, 200), rel=0.02
    )
    assert now.attack == was.attack
    assert glide_ratio(hit(kit, "kick")) < glide_ratio(hit(KIT, "kick"))
    assert kit.articulations["ride_bow"] == parent(KIT).articulations["ride_bow"]


def test_pitch_follows_the_figure_step_by_step() -> None:
    for figure, drum in (("snare.tuning_semitones", "snare_head"), ("drums.size_semitones", "low_tom_head")):
        pitches = [pitch_hz(voice_of(changed(figure, a).articulations[drum])) or 0 for a in (-6, -3, 0, 3, 6)]
        assert (np.diff(pitches) > 0).all()


@pytest.mark.parametrize("octaves", [-1.0, -0.3, 0.5, 1.0])
def test_toms_stay_in_order_and_apart(octaves: float) -> None:
    kit = changed("toms.interval_octaves", octaves)
    high, mid, low = (pitch_hz(voice_of(kit.articulations[f"{tom}_tom_head"])) or 0 for tom in ("hi", "mid", "low"))
    assert high / mid > 2 ** (2.9 / 12)
    assert mid / low > 2 ** (2.9 / 12)
    assert mid == pytest.approx(120.0, rel=IN_TUNE)
    assert (high / low > 2.0) == (octaves > 0)


@pytest.mark.parametrize(
    ("figure", "articulation", "degree"),
    [
        ("drums.ring_octaves", "mid_tom_head", 0),
        ("cymbals.ring_octaves", "crash1_edge", 0),
        ("hihat.looseness_octaves", "hihat_closed_bow", 0),
        ("hihat.ring_octaves", "hihat_open_bow", 2),
        ("ride.ring_octaves", "ride_bow", 0),
    ],
)
def test_what_rings_longer_lasts_longer(figure: str, articulation: str, degree: int) -> None:
    assert ascends(figure, (-0.7, 0.0, 0.7), t30_s, articulation, degree)


@pytest.mark.parametrize(
    ("figure", "articulation"),
    [
        ("kick.tilt_db_per_octave", "kick"),
        ("microphone.tilt_db_per_octave", "snare_head"),
        ("cymbals.weight_semitones", "crash2_bow"),
    ],
)
def test_what_is_brighter_has_a_higher_centre(figure: str, articulation: str) -> None:
    assert ascends(figure, (-2.0, 0.0, 2.0), centroid_hz, articulation)


@pytest.mark.parametrize(
    ("figure", "articulation", "band"),
    [
        ("kick.beater_db", "kick", (2000, 8000, 0.0, 0.02)),
        ("snare.wires_db", "snare_head", (2000, 12000, 0.02, 0.15)),
        ("ride.stick_db", "ride_bow", (3000, 12000, 0.0, 0.008)),
    ],
)
def test_regions_rise_with_their_figure(figure: str, articulation: str, band: tuple[float, ...]) -> None:
    def measure(sound: Sound) -> float:
        return band_share_db(sound, *band)

    assert ascends(figure, (-6.0, 0.0, 6.0), measure, articulation)


def test_distant_microphones_hear_duller_attacks_and_more_room() -> None:
    near, far = changed("microphone.distance_octaves", -2.0), changed("microphone.distance_octaves", 2.0)
    assert near.room is not None and far.room is not None
    assert far.room.late_db > near.room.late_db + 10
    dry = {name: kit.model_copy(update={"room": None}) for name, kit in {"near": near, "far": far}.items()}
    sharp = {name: band_share_db(hit(kit, "snare_head"), 3000, 20000, 0.0, 0.004) for name, kit in dry.items()}
    assert sharp["near"] > sharp["far"] + 1


def test_the_room_grows_and_swells() -> None:
    room = changed("room.level_db", 6.0).room
    assert room is not None and KIT.room is not None
    assert (room.early_db, room.late_db) == (KIT.room.early_db + 6, KIT.room.late_db + 6)
    room = changed("room.decay_octaves", 1.0).room
    assert room is not None
    assert room.decay_s == 2 * KIT.room.decay_s


def test_width_spreads_the_channels() -> None:
    def correlation(octaves: float) -> float:
        left, right = hit(changed("stereo.width_octaves", octaves), "crash1_edge").T
        return float(np.corrcoef(left, right)[0, 1])

    assert correlation(-1.0) > correlation(0.0) > correlation(0.5)


def test_grain_and_scatter_are_another_instrument_of_the_same_make() -> None:
    kit = transformed(KIT, {"cymbals.grain": 0.5, "drums.scatter": 1.0, "cymbals.scatter": 1.0}, seed=3)
    was, now = (voice_of(one.articulations["ride_bow"]) for one in (KIT, kit))
    assert was.noise.colour is not None and now.noise.colour is not None
    curves = np.array(was.noise.colour.gain_db), np.array(now.noise.colour.gain_db)
    assert 0.5 < np.corrcoef(*curves)[0, 1] < 0.9
    assert curves[1].std() == pytest.approx(curves[0].std(), rel=0.15)
    assert was.body is not None and now.body is not None
    moved = np.abs(np.array(now.body.frequency_hz) / np.array(was.body.frequency_hz) - 1)
    assert 0 < moved.max() < 0.03
    toms = [voice_of(one.articulations["mid_tom_head"]) for one in (KIT, kit)]
    assert pitch_hz(toms[1]) == pytest.approx(pitch_hz(toms[0]), rel=IN_TUNE)
    assert transformed(KIT, {"cymbals.scatter": 1.0}, seed=3) != transformed(KIT, {"cymbals.scatter": 1.0}, seed=4)


def test_a_fallback_becomes_a_voice_that_sounds_the_same() -> None:
    borrowed = Articulation(fallback=Fallback(articulation="hi_tom_head", gain_db=-3.0, pitch_semitones=-4.0))
    kit = KIT.model_copy(update={"articulations": {**KIT.articulations, "mid_tom_head": borrowed}})
    tom = parent(kit).articulations["mid_tom_head"]
    lender = parent(kit).articulations["hi_tom_head"]
    assert pitch_hz(voice_of(tom)) == pytest.approx((pitch_hz(voice_of(lender)) or 0) * 2 ** (-4 / 12), rel=IN_TUNE)
    assert tom.gain_db == pytest.approx(lender.gain_db - 3.0)
    assert level_db(voice_of(tom)) == pytest.approx(level_db(voice_of(lender)), abs=1.5)


def test_the_longest_rings_are_cut_where_a_map_ends() -> None:
    amounts = {name: figure.limit for name, figure in FIGURES.items() if name.endswith("ring_octaves")}
    voice = voice_of(transformed(LONG, amounts).articulations["ride_bow"])
    assert VoiceModel.model_validate(voice.model_dump()) == voice
    assert 10.0 < voice.noise.level_db.times_s[-1] <= 30.0


def test_what_openness_adds_follows_the_ring() -> None:
    def openness(figures: dict[str, float]) -> Openness:
        bent = voice_of(transformed(LONG, figures).articulations["hihat_open_bow"]).openness
        assert bent is not None and bent.changes is not None
        return bent

    def last_s(openness: Openness) -> float:
        return (openness.changes or ())[0].change_db.times_s[-1]

    plain, longer = openness({}), openness({"hihat.ring_octaves": 1.0})
    assert last_s(longer) == pytest.approx(0.006 + 2.0 * (last_s(plain) - 0.006))
    bent = openness({"hihat.openness_octaves": 0.3})
    ratio = bent.stretch[0] / plain.stretch[0]
    assert ratio < 0.95
    assert last_s(bent) == pytest.approx(plain.stick_s + ratio * (last_s(plain) - plain.stick_s))
