"""Modelled kits as banks: levels, degrees, and the fingerprints that ship."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from bank_levels import ROUNDING_DB, cells, sounding_db
from click.testing import CliRunner
from processors import only_on_x86_64
from toy_kits import toy_kit

from stemgmd_tools import data
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.pieces import ARTICULATIONS
from tools import fingerprint

LARGEST_BYTES = 250e6
STEEPEST_DB_PER_OCTAVE = 20.0
"""Of velocity. Amplitude follows its square (12 dB) or somewhat more in what was measured on drums."""
ATTACK_FRAMES = 300
"""A modelled one-shot starts with its attack; the foot's chick swells for up to 5 ms and the lead-in is cut there."""
FIRST = kit_table()[0].name

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Bank:
    return open_bank(load_kit(FIRST, []), cache=tmp_path_factory.mktemp("banks"))


def test_every_articulation_is_complete(bank: Bank) -> None:
    assert bank.pcm.nbytes <= LARGEST_BYTES
    assert bank.layer[:, 0, 127].min() >= 5  # six layers of cymbals, which ring for seconds; eight of the rest
    assert bank.variations.min() >= 3
    hats = [ARTICULATIONS.index(f"hihat_{name}") for name in ("closed_bow", "open_bow", "open_edge")]
    degrees = bank.degrees[hats]
    assert len(np.unique(degrees[~np.isnan(degrees)])) >= 5
    assert bank.samples["onset"].max() <= ATTACK_FRAMES
    assert not bank.warnings


def test_levels_rise_with_velocity_without_a_jump(bank: Bank) -> None:
    for a, degree in cells(bank):
        sounding = sounding_db(bank, a, degree)
        steps = np.diff(sounding)
        assert steps.min() >= -ROUNDING_DB
        assert (steps <= STEEPEST_DB_PER_OCTAVE * np.diff(np.log2(np.arange(1, 128))) + ROUNDING_DB).all()


@only_on_x86_64
def test_the_first_kit_has_its_fingerprint(bank: Bank) -> None:
    recorded = fingerprint.recorded_sha256(FIRST)
    assert recorded, "none recorded; python -m tools.fingerprint"
    assert bank.pcm_sha256 == recorded, "the kit changed; python -m tools.fingerprint"


def test_recording_and_checking_fingerprints(bank: Bank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "kits.csv").write_bytes((data.shipped("manifests") / "kits.csv").read_bytes())
    shipped = data.shipped
    monkeypatch.setattr(data, "shipped", lambda name: tmp_path if name == "manifests" else shipped(name))
    fingerprint.write_fingerprints({FIRST: "0" * 64})
    assert fingerprint.recorded_sha256(FIRST) == "0" * 64
    monkeypatch.setattr(fingerprint, "fingerprint", lambda kit: bank.pcm_sha256)
    checked = CliRunner().invoke(fingerprint.main, [FIRST, "--check", "--jobs", "1"])
    assert checked.exit_code == 1
    assert bank.pcm_sha256 in checked.output
    assert CliRunner().invoke(fingerprint.main, [FIRST, "--jobs", "1"]).exit_code == 0
    assert fingerprint.recorded_sha256(FIRST) == bank.pcm_sha256
    with (tmp_path / "kits.csv").open(newline="") as new, (shipped("manifests") / "kits.csv").open(newline="") as old:
        now, then = list(csv.DictReader(new)), list(csv.DictReader(old))
    others = [key for key in then[0] if key != "bank_sha256"]
    assert [[row[key] for key in others] for row in now] == [[row[key] for key in others] for row in then]


def test_a_fingerprint_is_the_hash_of_the_banks_pcm(tmp_path: Path) -> None:
    kit = load_kit_file(toy_kit(tmp_path))
    assert fingerprint.fingerprints([kit]) == {"toy": compile_bank(kit).pcm_sha256}
