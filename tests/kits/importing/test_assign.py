"""Voices of a library find their articulations: by names, by notes, and by what else the library has."""

from __future__ import annotations

from pathlib import Path

import pytest

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.importing.assign import Assignment, assign, parse_overrides
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE, DrumLibrary, Region, SoundFile

FOLDER = Path("/library")


def voice(name: str = "", key: int | None = None, *, file: str = "x", openness: float | None = None) -> Region:
    return Region(
        {ONLY_MICROPHONE: SoundFile(FOLDER / f"{file}.wav")},
        name or file,
        keys=() if key is None else (key,),
        names=(name,) if name else (),
        openness=openness,
    )


def assigned(*regions: Region, overrides: tuple[str, ...] = (), key_names: dict[int, str] | None = None) -> Assignment:
    library = DrumLibrary(FOLDER, regions, "Toy", key_names=key_names or {})
    return assign(library, parse_overrides(overrides))


def labels(assignment: Assignment) -> dict[str, list[str]]:
    return {name: [one.label for one in voices] for name, voices in assignment.voices.items()}


def test_names_go_before_notes_and_notes_help_where_names_say_nothing() -> None:
    assert labels(assigned(voice("Snare", 36), voice("Sound 7", 49), voice(key=42, file="a"))) == {
        "snare_head": ["36"],
        "hihat_closed_bow": ["42"],
        "crash1_edge": ["49"],
    }


def test_the_library_s_own_names_of_notes_count() -> None:
    assert labels(assigned(voice(key=61, file="a"), key_names={61: "Kick in"})) == {"kick": ["61"]}


def test_of_two_voices_the_one_on_the_usual_note_is_played_and_the_other_named() -> None:
    assignment = assigned(voice("Kick A", 35), voice("Kick B", 36))
    assert labels(assignment) == {"kick": ["36"]}
    assert [(one.label, why) for one, why in assignment.unused] == [("35", "also kick, which 36 plays")]


def test_left_and_right_hands_are_takes_of_one_articulation() -> None:
    regions = (voice("Snare Left Hand", 38, file="SnareLeft1"), voice("Snare Right Hand", 40, file="SnareRight1"))
    assert labels(assigned(*regions)) == {"snare_head": ["38", "40"]}


def test_a_second_crash_plays_crash_2_unless_the_library_has_one() -> None:
    assert labels(assigned(voice("Crash 16"), voice("Crash dark"))) == {
        "crash1_edge": ["Crash 16"],
        "crash2_edge": ["Crash dark"],
    }
    other = assigned(voice("Crash", 49), voice("Crash dark", 55), voice("Crash2", 57))
    assert labels(other) == {"crash1_edge": ["49"], "crash2_edge": ["57"]}


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ((50, 48), {"hi_tom_head": ["50"], "low_tom_head": ["48"]}),
        ((50, 48, 47), {"hi_tom_head": ["50"], "mid_tom_head": ["48"], "low_tom_head": ["47"]}),
        ((50, 47, 43), {"hi_tom_head": ["50"], "mid_tom_head": ["47"], "low_tom_head": ["43"]}),
    ],
)
def test_toms_of_one_name_are_spread_from_high_to_low_notes(
    keys: tuple[int, ...], expected: dict[str, list[str]]
) -> None:
    assert labels(assigned(*(voice("Tom", key) for key in reversed(keys)))) == expected


def test_toms_that_the_library_tells_apart_stay_where_they_are() -> None:
    toms = (voice("Tom 1", 50), voice("Tom 2", 47), voice("Floor Tom", 43), voice("Tom 2 muted", 60))
    assert labels(assigned(*toms)) == {"hi_tom_head": ["50"], "mid_tom_head": ["47"], "low_tom_head": ["43"]}


def test_degrees_of_the_open_hihat_are_kept_and_shut_ones_have_one() -> None:
    assignment = assigned(voice("HiHat half open"), voice("HiHat open"), voice("HiHat closed"))
    assert [degree for _, degree in assignment.regions("hihat_open_bow")] == [0.4, 1.0]
    assert [degree for _, degree in assignment.regions("hihat_closed_bow")] == [None]


def test_what_no_articulation_stands_for_is_left_out() -> None:
    assignment = assigned(voice("Cowbell", 56), voice("Crash choke", 58), voice("Thing", 90))
    assert assignment.voices == {}
    assert [why for _, why in assignment.unused] == ["cowbell", "choke crash", "not recognised"]


def test_overrides_go_before_everything() -> None:
    regions = (voice("Kick", 36), voice("Boom", 35), voice("Cowbell", 56), voice("Snare", 38))
    assignment = assigned(*regions, overrides=("36=none", "boom=kick", "56=ride_bell"))
    assert labels(assignment) == {"kick": ["35"], "snare_head": ["38"], "ride_bell": ["56"]}
    assert assignment.voices["kick"][0].reason == "as given with --map"


def test_an_override_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match=r"--map bom: .* no such note or name \(did you mean \"boom\"\?\)"):
        assigned(voice("Boom", 35), overrides=("bom=kick",))


def test_abbreviations_yield_to_notes_in_a_library_that_follows_general_midi() -> None:
    """In Gogodze Phu `ht` is the tight hi-hat on note 42, not a high tom, and `th` the high tom."""
    named = {36: "ks", 38: "sc", 37: "ss", 45: "th", 42: "ht"}
    regions = [voice(key=key, file=f"{name}_vl1_rr1") for key, name in named.items()]
    assert labels(assigned(*regions)) == {
        "kick": ["36"],
        "snare_head": ["38"],
        "snare_cross_stick": ["37"],
        "hi_tom_head": ["45"],
        "hihat_closed_bow": ["42"],
    }
    elsewhere = [voice(key=key + 1, file=region.place) for (key, _), region in zip(named.items(), regions, strict=True)]
    assert "hihat_closed_bow" not in labels(assigned(*elsewhere))


def test_a_full_name_goes_before_the_note_even_in_a_library_that_follows_general_midi() -> None:
    regions = (voice("Kick", 36), voice("Snare", 38), voice("Ride", 51), voice("China", 42), voice("Crash hat", 46))
    assert "hihat_closed_bow" not in labels(assigned(*regions))


def test_a_name_that_tells_a_special_stroke_only_keeps_its_note_from_playing() -> None:
    assignment = assigned(voice(key=37, file="NAT_Rattle_RR1"), voice(key=38, file="SN"))
    assert labels(assignment) == {"snare_head": ["38"]}
    assert [why for _, why in assignment.unused] == ["rattle snare"]


def test_left_and_right_kicks_and_rides_are_two_drums() -> None:
    names = ("KdrumL", "KdrumR", "RideL", "RideR")
    assignment = assigned(*(voice(name, 60 + place, file=f"1-{name}") for place, name in enumerate(names)))
    assert labels(assignment) == {"kick": ["60"], "ride_bow": ["62"]}


def test_takes_that_are_instruments_of_their_own_are_no_second_crash() -> None:
    names = ("CRASH15_V01_R01", "CRASH15_V01_R02", "CRASH17_V01_R01")
    assert labels(assigned(*map(voice, names))) == {"crash1_edge": list(names[:2]), "crash2_edge": [names[2]]}


def test_toms_that_are_told_apart_stay_and_others_fill_the_gap() -> None:
    names = ("TOM369_V01_R01", "hiTom_OH_FF", "hiTom_OH_P", "loTom_OH_FF", "loTom_OH_PP")
    toms = labels(assigned(*map(voice, names)))
    assert toms == {"hi_tom_head": ["hiTom_OH_FF"], "mid_tom_head": ["TOM369_V01_R01"], "low_tom_head": ["loTom_OH_FF"]}


def test_numbered_open_hihats_are_degrees_of_openness() -> None:
    assignment = assigned(*(voice(f"Hihat Openness {number}", 50 + number) for number in (3, 1, 2)))
    assert [(region.keys, degree) for region, degree in assignment.regions("hihat_open_bow")] == [
        ((53,), 1.0),
        ((51,), 0.3333),
        ((52,), 0.6667),
    ]
    names = ("hihatClosed_OH_F", "hihatOpen_OH_F", "hihatSemiOpen1_OH_F", "hihatSemiOpen2_OH_F", "hihatSemiOpen2_OH_P")
    half = assigned(*map(voice, names))
    assert sorted(degree or 0.0 for _, degree in half.regions("hihat_open_bow")) == [0.3333, 0.6667, 1.0]


def test_a_rimshot_stays_one_on_the_note_of_the_side_stick() -> None:
    """So it is in Sam's Sonor."""
    regions = (voice("Kick", 36), voice("Snare 1", 38), voice("Snare Rimshot", 37), voice("Snare 2", 40))
    assert labels(assigned(*regions))["snare_rimshot"] == ["37"]


def test_a_kit_that_is_played_with_brushes_alone_is_a_kit() -> None:
    names = ("Kick", "Snare", "Hi-Hat", "Ride", "Tom")
    brushes = [voice(f"Brush {name}", 60 + place) for place, name in enumerate(names)]
    assert len(labels(assigned(*brushes))) == len(names)
    mixed = assigned(*brushes, voice("Snare", 38))
    assert labels(mixed) == {"snare_head": ["38"]}
