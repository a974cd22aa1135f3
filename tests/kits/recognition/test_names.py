"""Articulations are recognised from the names that sample packs really use."""

from __future__ import annotations

import numpy as np
import pytest

from stemgmd_tools.kits.recognition.articulations import HALF_OPEN
from stemgmd_tools.kits.recognition.names import articulation_of_key, articulation_of_names
from stemgmd_tools.kits.recognition.vocabulary import WORDS
from stemgmd_tools.pieces import ARTICULATIONS

NAMES = {
    "KD/KD_01.wav": "kick",
    "Kick_01_V3_RR2.wav": "kick",
    "BD-hard.wav": "kick",
    "BDhard.wav": "kick",
    "36-Ludwig26Kick-1.wav": "kick",
    "Acoustic Bass Drum": "kick",
    "snare_soft.wav": "snare_head",
    "sd14x08tama-mp-tsn-rm-v01.wav": "snare_head",
    "SD/07.wav": "snare_head",
    "Snare/Rimshot/V1_RR2.wav": "snare_rimshot",
    "SnareRim#3.flac": "snare_rimshot",
    "40-PearlSnareEdge-1.wav": "snare_rimshot",
    "37-SideStick-1.wav": "snare_cross_stick",
    "OH/snareStick_OH_F_1.wav": "snare_cross_stick",
    "x-stick 3.aif": "snare_cross_stick",
    "Tom1.wav": "hi_tom_head",
    "Tom/High/01.wav": "hi_tom_head",
    "Samples/Tom1/1-Tom1-KdrumL.flac": "hi_tom_head",
    "Hi-Mid Tom": "hi_tom_head",
    "tom-2.mp3": "mid_tom_head",
    "samples/Tom2/11-Tom2.flac": "mid_tom_head",
    "Tom3/10-Tom3-AmbL.flac": "low_tom_head",
    "TOM13-V07-StarClassic-13x13.wav": "mid_tom_head",
    "clubkick/2.wav": "kick",
    "sn/ST3T0S3.wav": "snare_head",
    "Samples/13b_rimshot/oh/sn_vl6_rr3.flac": "snare_rimshot",
    "Low-Mid Tom": "mid_tom_head",
    "Middle Tom": "mid_tom_head",
    "MiddleTom_03.wav": "mid_tom_head",
    "Tom 1 Middle": "hi_tom_head",
    "samples/tom-h.wav": "hi_tom_head",
    "samples/tom-m.wav": "mid_tom_head",
    "samples/tr909-tom-l.wav": "low_tom_head",
    "Stick": "snare_cross_stick",
    "legacy_GMkit/stick_Woody.flac": "snare_cross_stick",
    "Ride Stick.wav": "ride_bow",
    "Bell": "ride_bell",
    "GMRockKit/Bell-Hard.wav": "ride_bell",
    "Sixties Rock/RCB1a1.wav": "ride_bell",
    "Sixties Rock/HHF1a1.wav": "hihat_pedal",
    "Sixties Rock/CC1a1.wav": "crash1_edge",
    "Cassa potente.wav": "kick",
    "C_OPHT2.wav": "hihat_open_bow",
    "05__copyc4t__el-nacho-cymbal.flac": "crash1_edge",
    "CR78OpenHat.wav": "hihat_open_bow",
    "47-Pearl13Tom2-1.wav": "mid_tom_head",
    "FloorTom.wav": "low_tom_head",
    "High Floor Tom": "low_tom_head",
    "43-Ludwig16FloorTomEdge-1.wav": "low_tom_rim",
    "CHH.wav": "hihat_closed_bow",
    "ClosedHat.wav": "hihat_closed_bow",
    "Hihat/Closed/03.wav": "hihat_closed_bow",
    "Samples/snare_mic/hc_vl1_rr1.wav": "hihat_closed_bow",
    "44-SabianRockHatPedal-1.wav": "hihat_pedal",
    "SMM_HAT14_FCH_V01_PUBLIC_05.wav": "hihat_pedal",
    "OHH.wav": "hihat_open_bow",
    "OH/hihatSemiOpen1_OH_F_1.wav": "hihat_open_bow",
    "Samples/HHOpenClang#1.flac": "hihat_open_edge",
    "Ride.wav": "ride_bow",
    "Ride_Bell.wav": "ride_bell",
    "OH/ride2Crash_OH_FF_1.wav": "ride_edge",
    "59-SabianAAX20RideShank-1.wav": "ride_edge",
    "crash_1.wav": "crash1_edge",
    "Samples/CrashTip#1.flac": "crash1_bow",
    "Crash Centre": "crash1_bow",
    "Samples/CrashR/1-CrashR-OHL.flac": "crash2_edge",
    "57-SabianAAX17Crash-1.wav": "crash2_edge",
    "Crash Cymbal 2": "crash2_edge",
}


@pytest.mark.parametrize(("name", "articulation"), NAMES.items(), ids=str)
def test_a_name_gives_its_articulation(name: str, articulation: str) -> None:
    guess = articulation_of_names([name])
    assert guess is not None
    assert guess.articulation == articulation


@pytest.mark.parametrize(
    ("name", "openness"),
    [
        ("hh_closed", 0.0),
        ("hh open", 1.0),
        ("HHHalfOpen", HALF_OPEN),
        ("HH Slosh", HALF_OPEN),
        ("HHL1a1", HALF_OPEN),
        ("hat", None),
        ("Pedal Hi-Hat", None),
    ],
)
def test_openness_is_told_where_the_name_says_it(name: str, openness: float | None) -> None:
    guess = articulation_of_names([name])
    assert guess is not None
    assert guess.openness == openness


@pytest.mark.parametrize(
    "name", ["Cowbell", "china1_OH_FF_1", "Hand Clap", "64-Maraca-1.wav", "55-ZildjianA10Splash-1", "bobobo_bass_vl1"]
)
def test_instruments_that_no_articulation_stands_for_are_named(name: str) -> None:
    guess = articulation_of_names([name])
    assert guess is not None
    assert guess.articulation is None
    assert guess.instrument[:5] in name.lower().replace(" ", "")


@pytest.mark.parametrize(
    "name", ["KLoNe FREQ/Bregion_3.wav", "Click", "", "...", "001.wav", "Pattern", "drumkit/readme", "\ud800\x00", "—"]
)
def test_names_that_say_nothing_give_no_guess(name: str) -> None:
    assert articulation_of_names([name]) is None


def test_the_first_name_decides_and_later_ones_add() -> None:
    guess = articulation_of_names(["Snare", "samples/rimshot/kick_room/01.wav"])
    assert guess is not None
    assert guess.articulation == "snare_rimshot"


def test_unclear_names_score_lower_than_clear_ones() -> None:
    scores = []
    for name in ("Floor Tom", "HT01", "Tom", "oh"):
        guess = articulation_of_names([name])
        assert guess is not None
        scores.append(guess.score)
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)


@pytest.mark.parametrize(
    ("name", "special"),
    [
        ("snareOFF_OH_F_1", "off"),
        ("50-SabianAA16CrashChoke", "choke"),
        ("14-CrshBELL-V01-SABIAN-14", "bell"),
        ("HHats-Crash-V01-SABIAN-AAX", "crash"),
        ("48-SabianRockHatSwis", "swis"),
    ],
)
def test_strokes_without_articulation_are_marked(name: str, special: str) -> None:
    guess = articulation_of_names([name])
    assert guess is not None
    assert guess.special == (special,)


def test_names_of_keys_come_before_general_midi() -> None:
    by_name, by_key = articulation_of_key(38, "Kick"), articulation_of_key(38)
    assert by_name is not None
    assert by_key is not None
    assert (by_name.articulation, by_key.articulation) == ("kick", "snare_head")
    assert articulation_of_key(56) is None
    with_unknown_name = articulation_of_key(38, "Nr. 5")
    assert with_unknown_name is not None
    assert with_unknown_name.articulation == "snare_head"


def test_every_word_and_any_bytes_give_an_articulation_of_the_table_or_none() -> None:
    rng = np.random.default_rng(0)
    words = list(WORDS)
    for _ in range(3000):
        chosen = [words[i] for i in rng.integers(len(words), size=rng.integers(1, 4))]
        noise = rng.bytes(int(rng.integers(0, 40))).decode("latin-1")
        guess = articulation_of_names(["_".join(chosen) + noise, noise])
        assert guess is None or guess.articulation in (*ARTICULATIONS, None)
    assert articulation_of_names(["snare" * 100_000]) is not None


@pytest.mark.parametrize("word", ["closedhat", "tomtom", "floortom", "hihat"])
def test_a_name_that_can_be_divided_in_many_ways_is_read_at_once(word: str) -> None:
    """Trying them all would take longer than a life."""
    articulation_of_names([word * 33 + "qzq"])
