"""A fitted kit becomes a whole one; what was not recorded says where it comes from."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from drum_measures import distance_db, mel_power
from drum_measures import t30_s as measured_t30_s
from toy_fits import VOICES, struck, toy

from stemgmd_tools.errors import KitError
from stemgmd_tools.fitting.completion.complete import complete_map
from stemgmd_tools.fitting.completion.donors import ANCHORS
from stemgmd_tools.fitting.hihat.openness_degrees import OPEN_DEGREES, SHUT_DEGREES
from stemgmd_tools.kits.sample_map.licence import license_over
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.sample_map.writer import write_map
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.kits.voices.arithmetic import level_db, louder
from stemgmd_tools.kits.voices.compact import compacted
from stemgmd_tools.pieces import ARTICULATIONS

CYMBALS = ("ride_bow", "ride_bell", "crash1_edge")
AUDIBLE = 1.15
"""Distance of two strokes over that of two repeats; a recorded hat's edge and bow lie 1.2 apart."""
HATS = ("hihat_closed_bow", "hihat_closed_edge", "hihat_open_bow", "hihat_open_edge")


def voice(kit: KitMap, articulation: str) -> VoiceModel:
    model = kit.articulations[articulation].model
    assert model is not None
    return model


@pytest.fixture(scope="module")
def whole() -> KitMap:
    return complete_map(toy("full"))


def test_every_articulation_has_a_voice_and_loads_again(whole: KitMap, tmp_path: Path) -> None:
    assert tuple(whole.articulations) == ARTICULATIONS
    write_map(whole, tmp_path / "full_model.yaml")
    assert load_map(tmp_path / "full_model.yaml") == whole
    assert [(one.kit, one.articulations) for one in whole.measured_on] == [("full", ())]


def test_what_was_recorded_is_used_as_it_is(whole: KitMap) -> None:
    for name, fitted in VOICES.items():
        update = {"layers": voice(whole, name).layers, "variations": voice(whole, name).variations}
        if name in HATS:
            update["openness"] = voice(whole, name).openness
        assert voice(whole, name) == compacted(fitted).model_copy(update=update)


def test_chokes_follow_from_the_names(whole: KitMap) -> None:
    groups = {name: one.choke_group for name, one in whole.articulations.items() if one.choke_group}
    assert set(groups.values()) == {"hihat", "ride", "crash1", "crash2"}
    assert all(name.startswith(group) for name, group in groups.items())
    assert [n for n, one in whole.articulations.items() if one.chokes] == [*HATS[:2], "hihat_pedal"]


@pytest.mark.parametrize(
    ("generated", "of"),
    [
        ("snare_rimshot", "snare_head"),
        ("hi_tom_rim", "hi_tom_head"),
        ("hihat_closed_edge", "hihat_closed_bow"),
        ("hihat_open_edge", "hihat_open_bow"),
        ("ride_edge", "ride_bow"),
        ("crash1_bow", "crash1_edge"),
        ("crash2_edge", "crash1_edge"),
    ],
)
def test_a_stroke_made_from_another_differs_more_than_two_strokes_do(whole: KitMap, generated: str, of: str) -> None:
    same, again, other = (
        mel_power(struck(voice(whole, n), place=p)) for n, p in ((of, 0.1), (of, 0.7), (generated, 0.7))
    )
    assert distance_db(same, other) > AUDIBLE * distance_db(same, again)


def test_hats_ring_longer_from_degree_to_degree_through_what_was_recorded(whole: KitMap) -> None:
    bow, edge, wide = (voice(whole, f"hihat_{name}") for name in ("closed_bow", "closed_edge", "open_bow"))
    assert bow.openness is not None and edge.openness is not None and wide.openness is not None
    assert bow.openness.degrees == edge.openness.degrees == SHUT_DEGREES
    assert wide.openness.degrees == OPEN_DEGREES
    assert wide.openness.stretch[1] == 0.3
    assert wide.openness.stretch[-1] == 1.0
    rings = [measured_t30_s(struck(bow, degree)) for degree in range(2)]
    rings += [measured_t30_s(struck(wide, degree)) for degree in range(5)]
    assert all(longer > 1.05 * shorter for shorter, longer in pairwise(rings))


def test_pieces_that_lack_come_from_the_first_donor_that_has_them_at_the_kits_level() -> None:
    kit = toy("bare", without=CYMBALS)
    donor = toy("cymbals", "CC-BY-4.0", without=("ride_bell",), gain_db=9.0)
    completed = complete_map(kit, [donor, toy("other")], name="both", title="Both", description="Two kits.")
    assert voice(completed, "ride_bow").noise.level_db == VOICES["ride_bow"].noise.level_db
    resting = {one.kit: one.articulations for one in completed.measured_on}
    assert set(resting) == {"bare", "cymbals"}
    assert resting["cymbals"] == tuple(a for a in ARTICULATIONS if a.startswith(("ride", "crash")))
    assert set(resting["bare"]) == set(ARTICULATIONS) - set(resting["cymbals"])
    assert completed.license == "CC-BY-4.0"
    assert "who recorded cymbals" in completed.attribution


def test_a_cross_stick_is_borrowed_at_the_level_of_the_snare() -> None:
    kit, donor = toy("bare", without=("snare_cross_stick",)), toy("lender")
    donor.voices["snare_head"] = louder(donor.voices["snare_head"], 6.0)
    completed = complete_map(kit, [donor])
    assert level_db(voice(completed, "snare_cross_stick"), 100) == pytest.approx(
        level_db(VOICES["snare_cross_stick"], 100) - 6.0, abs=0.1
    )
    resting = {one.kit: one.articulations for one in completed.measured_on}
    assert "snare_cross_stick" in resting["lender"] and "hi_tom_rim" in resting["lender"]
    assert "snare_rimshot" in resting["bare"] and "hi_tom_head" not in resting["lender"]


def test_articulations_of_a_recording_can_be_left_out() -> None:
    kit, donor = toy("bare"), toy("lender", gain_db=3.0)
    completed = complete_map(kit, [donor], leave_out=("hihat_pedal", "ride_bow"))
    assert {one.kit for one in completed.measured_on} == {"bare", "lender"}
    assert voice(completed, "hihat_pedal").noise != VOICES["hihat_pedal"].noise


def test_without_donors_what_is_nearest_stands_in() -> None:
    completed = complete_map(toy("bare", without=(*CYMBALS, "snare_cross_stick", "mid_tom_head", "hi_tom_head")))
    assert [(one.kit, one.articulations) for one in completed.measured_on] == [("bare", ())]
    low, mid, high = (voice(completed, f"{tom}_tom_head").body for tom in ("low", "mid", "hi"))
    assert low is not None and mid is not None and high is not None
    assert high.frequency_hz[0] > 1.15 * mid.frequency_hz[0] > 1.3 * low.frequency_hz[0]


def test_what_nothing_stands_in_for_is_an_error() -> None:
    with pytest.raises(KitError, match=r"kit bare: kick was not recorded.*name a donor that has it"):
        complete_map(toy("bare", without=("kick",)))


@pytest.mark.parametrize(
    ("licences", "expected"),
    [
        (("CC0-1.0", "MIT"), "Apache-2.0"),
        (("CC-BY-4.0", "CC0-1.0"), "CC-BY-4.0"),
        (("CC-BY-SA-3.0", "CC-BY-4.0"), "CC-BY-SA-4.0"),
    ],
)
def test_the_strictest_recording_decides_the_licence(licences: tuple[str, ...], expected: str) -> None:
    assert license_over(licences) == expected


def test_a_licence_nothing_is_known_about_is_an_error() -> None:
    with pytest.raises(KitError, match=r"licence CC-BY-NC-4\.0 of a recording"):
        complete_map(toy("bare", "CC-BY-NC-4.0"))


def test_levels_are_compared_on_strokes_every_kit_has() -> None:
    assert set(ANCHORS) <= set(ARTICULATIONS)
    assert np.isfinite([level_db(VOICES[name], 100) for name in ANCHORS]).all()
