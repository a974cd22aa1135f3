"""Donors: who may lend what to whom, and the maps that ship."""

from __future__ import annotations

from pathlib import Path

import pytest

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.donors import DonorEntry, Role, donor_folder, donor_table, donors, load_donor_table
from stemgmd_tools.kits.generate.instruments import GROUPS, INSTRUMENT_OF
from stemgmd_tools.kits.library import load_kit, split_of
from stemgmd_tools.kits.sample_map.licence import Condition, condition_of, license_over
from stemgmd_tools.pieces import ARTICULATIONS

FITTED = (Role.TRAIN, Role.VALIDATION, Role.TEST)


def test_no_maker_and_no_recording_is_in_two_roles() -> None:
    makers: dict[str, set[Role]] = {}
    recordings: dict[str, set[Role]] = {}
    for entry in donor_table():
        makers.setdefault(entry.maker, set()).add(entry.role)
    for role in FITTED:
        for donor in donors(role):
            for one in donor.map.measured_on:
                recordings.setdefault(one.kit, set()).add(role)
    assert all(len(roles) == 1 for roles in (*makers.values(), *recordings.values()))
    assert not recordings.keys() & {entry.recording for entry in donor_table() if entry.role is Role.UNTOUCHED}


def test_every_map_belongs_to_a_donor_and_gives_its_own_instruments_alone() -> None:
    shipped = [donor for role in FITTED for donor in donors(role)]
    assert {path.stem for path in donor_folder().glob("*.yaml")} == {donor.name for donor in shipped}
    for donor in shipped:
        kit_map = donor.map
        assert kit_map.name == donor.name
        assert [one.kit for one in kit_map.measured_on] == [donor.entry.recording]
        measured = kit_map.measured_on[0].articulations or ARTICULATIONS
        own = {name for name in ARTICULATIONS if kit_map.articulations[name].model is not None}
        assert own == set(measured)
        assert {INSTRUMENT_OF[name] for name in own} == set(donor.instruments)
        given = {group for group, members in GROUPS.items() if set(members) <= set(donor.instruments)}
        assert set(donor.groups) == given


def test_a_donor_is_under_the_licence_that_its_recording_asks_for() -> None:
    for donor in (donor for role in FITTED for donor in donors(role)):
        recording = donor.map.measured_on[0]
        assert donor.map.license == license_over([recording.license])
        assert condition_of(recording.license) in (Condition.ATTRIBUTION, Condition.SHARE_ALIKE)
        assert recording.attribution in donor.map.attribution


def test_a_donor_is_a_kit_of_its_split() -> None:
    donor = donors()[0]
    assert load_kit(donor.name).map == donor.map
    assert [split_of(one.name) for one in (donors(Role.TRAIN)[0], donors(Role.TEST)[0])] == ["train", "heldout"]


def test_a_maker_of_two_roles_is_refused_with_file_and_line(tmp_path: Path) -> None:
    path = tmp_path / "donors.yaml"
    rows = ("recording: one, maker: A, role: train", "recording: two, maker: A, role: test")
    path.write_text("donors:\n" + "".join(f"  - {{ {row} }}\n" for row in rows))
    with pytest.raises(KitError, match=r"donors\.yaml:1: .*recordings by A are train and test; choose one role"):
        load_donor_table(path)
    path.write_text(path.read_text().replace("two, maker: A", "two, maker: B"))
    assert load_donor_table(path)[1] == DonorEntry(recording="two", maker="B", role=Role.TEST)
