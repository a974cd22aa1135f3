"""The ten kits of prepared recordings."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from bank_levels import ROUNDING_DB, cells, own_degrees, sounding_db

from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.bank.sound_sources import Recipes
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.onsets import onset_frame
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION, PIECES
from tools.prepared import PREPARED_MAPS

pytestmark = pytest.mark.real

NAMES = sorted(path.stem for path in PREPARED_MAPS.glob("*.yaml"))
STEEPEST_DB = 6.0
"""Between two neighbouring velocities from 4 up: the square law makes 3.9 dB of 4 to 5, the steepest recorded climb
(sams_sonor's hi-hat, 12 dB from 120 to 127) 2 dB."""
PIECE_OF = {"floor_tom": "low_tom", "closed_hihat": "hihat_closed", "open_hihat": "hihat_open"}


@pytest.fixture(scope="module", params=NAMES)
def kit(request: pytest.FixtureRequest, kits_dir: Path) -> Kit:
    return load_kit(request.param, [kits_dir])


@pytest.fixture(scope="module")
def bank(kit: Kit, tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return open_bank(kit, cache=tmp_path_factory.mktemp("banks"))


def test_identity_comes_from_the_kit(kit: Kit, kits_dir: Path) -> None:
    content = json.loads((kits_dir / kit.name / "kit.json").read_text())
    assert (kit.license, kit.attribution, kit.map.source_url) == tuple(
        content[key] for key in ("license", "attribution", "source_url")
    )


def test_only_missing_pieces_are_borrowed_from_another_piece(kit: Kit, kits_dir: Path) -> None:
    content = json.loads((kits_dir / kit.name / "kit.json").read_text())
    missing = {PIECE_OF.get(piece, piece) for piece in content["missing_pieces"]}
    recipes = Recipes(kit)
    for name in ARTICULATIONS:
        own = NOTE_OF_ARTICULATION[name].piece
        lenders = recipes[name].borrowed
        if lenders and NOTE_OF_ARTICULATION[lenders[-1]].piece is not own and not name.endswith("_rim"):
            assert own.value in missing, name
    assert {NOTE_OF_ARTICULATION[name].piece for name in ARTICULATIONS} == set(PIECES)


def test_every_velocity_leads_to_a_sound_of_its_articulation(bank: Bank) -> None:
    for a, degree in cells(bank):
        for velocity in range(1, 128):
            layer = bank.layer[a, degree, velocity]
            first, count = int(bank.first[a, degree, layer]), int(bank.variations[a, degree, layer])
            assert count >= 1
            rows = bank.samples[first : first + count]
            assert (rows["articulation"] == a).all()
            assert (rows["degree"] == degree).all()
            assert (rows["layer"] == layer).all()
            assert rows["variation"].tolist() == list(range(count))
            assert bank.gain[a, degree, velocity] > 0
        assert bank.gain[a, degree, 0] == 0


def test_rows_lie_inside_the_pcm(bank: Bank) -> None:
    rows = bank.samples
    assert (rows["start"] >= 0).all()
    assert ((rows["start"] + rows["frames"]) * 2 <= len(bank.pcm)).all()
    assert (rows["onset"] < rows["frames"]).all()
    order = rows[["articulation", "degree", "layer", "variation"]].tolist()
    assert order == sorted(order)


def test_attacks_lie_where_the_index_says(bank: Bank) -> None:
    place, gain = 5_000, np.float32(0.37)
    errors = set()
    for row in range(len(bank.samples)):
        shot, onset = bank.one_shot(row), int(bank.samples["onset"][row])
        track = np.zeros((place + len(shot), 2), np.float32)
        track[place - onset : place - onset + len(shot)] += shot * (gain * bank.samples["scale"][row])
        measured = onset_frame(track, bank.sample_rate)
        assert measured is not None
        errors.add(measured - place)
    assert errors == {0}


def test_levels_rise_with_velocity_without_a_jump(bank: Bank) -> None:
    for a, degree in cells(bank):
        sounding = sounding_db(bank, a, degree)
        steps = np.diff(sounding)
        assert steps.min() >= -ROUNDING_DB, ARTICULATIONS[a]
        assert steps[3:].max() < STEEPEST_DB, ARTICULATIONS[a]
        assert sounding[-1] - sounding[0] > 10, ARTICULATIONS[a]


def test_the_open_hat_rings_longest_when_it_is_open(bank: Bank) -> None:
    a = ARTICULATIONS.index("hihat_open_bow")
    if own_degrees(bank, a) > 1:
        loud = [bank.samples["frames"][bank.first[a, d, bank.layer[a, d, 127]]] for d in range(own_degrees(bank, a))]
        assert loud == sorted(loud)


def test_one_choke_group_holds_all_hats(bank: Bank) -> None:
    hats = [a for a, name in enumerate(ARTICULATIONS) if name.startswith("hihat")]
    assert len(set(bank.choke_group[hats].tolist())) == 1
    assert (bank.choke_group[hats] >= 0).all()
    assert {ARTICULATIONS[a] for a in np.flatnonzero(bank.chokes)} == {
        "hihat_closed_bow",
        "hihat_closed_edge",
        "hihat_pedal",
    }


def test_an_uneven_recording_is_named(kits_dir: Path, tmp_path: Path) -> None:
    warnings = open_bank(load_kit("sams_sonor", [kits_dir]), cache=tmp_path).warnings
    assert any(warning.startswith("ride_bow: a harder layer is up to") for warning in warnings)
    assert any(warning.startswith("mid_tom_head: nothing recorded; hi_tom_head stands in") for warning in warnings)
