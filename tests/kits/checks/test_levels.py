"""The levels of layers, and what the velocity curve adds to them, are those of the bank."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from toy_kits import RATE, map_data, tone, write_map, write_sound

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.checks.run import check_kit
from stemgmd_tools.kits.sample_map.kit import Kit, load_kit_file
from stemgmd_tools.pieces import ARTICULATIONS

ROUNDING_DB = 0.02
"""Levels are given to 0.01 dB, the levels of banks are measured on 16 bits."""
RANGES = ((1, 40), (41, 90), (91, 127))
PEAKS = (0.2, 0.1, 0.4)
"""The second layer is 6.02 dB softer than the first; the curve brings both to their mean."""


def kit_of(folder: Path, **top: Any) -> Kit:
    rows = []
    for (low, high), peak in zip(RANGES, PEAKS, strict=True):
        file = f"{peak}.wav"
        write_sound(folder / file, tone(hertz=200, peak=peak, seconds=0.5))
        rows.append({"velocity": [low, high], "files": [file], "gain_db": 1.0})
    return load_kit_file(write_map(folder, map_data({"kick": {"layers": rows}}, **top)))


def gains_db(kit: Kit) -> list[float]:
    """Return the gain of the bank at the reference of each layer."""
    gain = compile_bank(kit, RATE).gain[ARTICULATIONS.index("kick"), 0]
    return [float(20 * np.log10(gain[high])) for _, high in RANGES]


def test_a_layer_that_falls_is_evened_out_and_what_that_adds_is_told(tmp_path: Path) -> None:
    kit = kit_of(tmp_path)
    levels = [level for level in check_kit(kit).levels if level.articulation == "kick"]
    assert [(level.layer, level.velocity) for level in levels] == [(1, 40), (2, 90), (3, 127)]
    steps = np.diff([level.level_db for level in levels])
    assert steps == pytest.approx([-6.02, 12.04], abs=ROUNDING_DB)
    added = [level.added_db for level in levels]
    assert added == pytest.approx([-3.01, 3.01, 0.0], abs=ROUNDING_DB)
    assert gains_db(kit) == pytest.approx([1.0 + one for one in added], abs=ROUNDING_DB)


def test_a_map_can_ask_for_the_recorded_levels(tmp_path: Path) -> None:
    kit = kit_of(tmp_path, velocity_curve="recorded")
    result = check_kit(kit)
    assert {level.added_db for level in result.levels} == {0.0}
    assert gains_db(kit) == pytest.approx([1.0] * 3, abs=ROUNDING_DB)
    (message,) = [finding.message for rule, finding in result.findings if rule.name == "falling"]
    assert message.endswith("it is played as recorded; velocity_curve: smooth evens it out")
    (warning,) = [warning for warning in compile_bank(kit, RATE).warnings if "softer" in warning]
    assert warning.endswith("up to 6.0 dB softer than one below; played as recorded")


def test_the_curve_is_part_of_the_hash_but_its_default_is_not(tmp_path: Path) -> None:
    default, smooth, recorded = (
        kit_of(tmp_path, **top).hash for top in ({}, {"velocity_curve": "smooth"}, {"velocity_curve": "recorded"})
    )
    assert default == smooth != recorded


def test_the_command_lists_the_levels(tmp_path: Path) -> None:
    path = str(kit_of(tmp_path).path)
    shown = CliRunner().invoke(stemgmd, ["kits", "check", "--levels", path])
    assert "kick                    2      90           -" in shown.output
    assert "+3.0" in shown.output
    report = json.loads(CliRunner().invoke(stemgmd, ["kits", "check", "--json", path]).output)
    second = report["layers"][1]
    assert (second["articulation"], second["openness"], second["velocity"]) == ("kick", None, 90)
    assert second["added_db"] == pytest.approx(3.01, abs=ROUNDING_DB)
