"""``stemgmd kits check`` finds planted faults, and the faults that real kits are known to have."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from tone_kits import tone_kits
from toy_kits import RATE, layers, map_data, tone, write_map, write_sound

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.kits.checks.base import Severity
from stemgmd_tools.kits.checks.run import check_kit, check_named
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.kits.sample_map.kit import load_kit_file

GOOD: dict[str, float] = {"kick": 0.5, "snare": 0.5, "tom": 0.5, "closed": 0.2, "open": 0.3, "ride": 0.2, "crash": 0.5}
ARTICULATION = {
    "kick": "kick",
    "snare": "snare_head",
    "tom": "hi_tom_head",
    "closed": "hihat_closed_bow",
    "open": "hihat_open_bow",
    "ride": "ride_bow",
    "crash": "crash1_edge",
}


def findings(folder: Path, sounds: Mapping[str, NDArray[np.float64]], **articulations: Any) -> dict[str, list[str]]:
    """Check a kit whose drums have two layers 9 dB apart unless ``sounds`` replaces a file; return places by rule."""
    for number, (name, peak) in enumerate(GOOD.items()):
        for layer, gain in (("soft", 0.35), ("loud", 1.0)):
            file = f"{name}_{layer}.wav"
            sound = tone(hertz=100 + 40 * number, peak=peak * gain, seconds=0.3)
            write_sound(folder / file, sounds.get(file, sound))
    given = {ARTICULATION[name]: layers(f"{name}_soft.wav", f"{name}_loud.wav") for name in GOOD}
    result = check_kit(load_kit_file(write_map(folder, map_data({**given, **articulations}))))
    by_rule: dict[str, list[str]] = {}
    for rule, finding in result.findings:
        assert "\n" not in finding.message
        by_rule.setdefault(rule.name, []).append(finding.place)
    return by_rule


def test_a_good_kit_has_few_findings(tmp_path: Path) -> None:
    assert set(findings(tmp_path, {})) <= {"missing-piece"}


def noisy(sound: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.concatenate([sound, np.zeros((RATE, 1))]) + np.random.default_rng(1).normal(
        0, 0.02, (len(sound) + RATE, 1)
    )


LOUD = tone(peak=0.5)
PLANTED: list[tuple[str, str, NDArray[np.float64], str]] = [
    ("clipping", "kick_loud.wav", np.clip(4 * tone(hertz=100, peak=0.5), -0.5, 0.5), "kick, layer 2"),
    ("offset", "ride_soft.wav", tone(peak=0.07) + 0.01, "ride_bow, layer 1"),
    ("late", "snare_loud.wav", tone(peak=0.5, lead_s=0.1), "snare_head, layer 2"),
    ("noise", "crash_loud.wav", noisy(LOUD), "crash1_edge, layer 2"),
    ("phase", "tom_loud.wav", np.hstack([LOUD, -LOUD]), "hi_tom_head, layer 2"),
    ("falling", "snare_loud.wav", tone(peak=0.1), "snare_head, layer 2"),
    ("gap", "tom_soft.wav", tone(peak=0.01), "hi_tom_head, layer 2"),
    ("balance", "ride_loud.wav", tone(peak=0.99, hertz=300, seconds=3), "ride_bow"),
    ("ringing-hihat", "closed_loud.wav", tone(peak=0.2, seconds=3), "hihat_closed_bow, layer 2"),
    ("silent", "kick_soft.wav", np.zeros((500, 1)), "kick, layer 1"),
]


@pytest.mark.parametrize(("rule", "file", "sound", "place"), PLANTED, ids=[row[0] for row in PLANTED])
def test_a_planted_fault_is_found_where_it_is(
    tmp_path: Path, rule: str, file: str, sound: NDArray[np.float64], place: str
) -> None:
    by_rule = findings(tmp_path, {file: sound})
    assert [one for one in by_rule.get(rule, []) if one.startswith(place)], by_rule


def test_faults_of_layers_and_takes_are_found(tmp_path: Path) -> None:
    write_sound(tmp_path / "copy.wav", tone(hertz=100, peak=0.5, seconds=0.3))
    write_sound(tmp_path / "weak.wav", tone(hertz=100, peak=0.2, seconds=0.3))
    files = ["kick_loud.wav", "copy.wav", "weak.wav"]
    by_rule = findings(tmp_path, {}, kick={"layers": [{"velocity": [1, 127], "files": files}]})
    assert by_rule["single-layer"] == ["kick"]
    assert by_rule["unlike-takes"] == ["kick, layer 1"]
    assert by_rule["duplicates"] == ["kick, layer 1, take 2 (copy.wav)"]


def test_an_unreadable_file_is_an_error_and_the_rest_is_checked(tmp_path: Path) -> None:
    findings(tmp_path, {})
    (tmp_path / "kick_loud.wav").write_bytes(b"RIFF")
    result = CliRunner().invoke(stemgmd, ["kits", "check", str(tmp_path / "toy.yaml"), "--json"])
    assert result.exit_code == 1
    data = json.loads(result.stdout)
    assert data["takes"] == 2 * len(GOOD) - 1
    (error,) = [row for row in data["findings"] if row["severity"] == "error"]
    assert (error["rule"], "kick_loud.wav" in error["message"]) == ("unreadable", True)


KNOWN: dict[str, dict[str, set[str]]] = {
    "sams_sonor": {
        "missing-piece": {"mid_tom"},
        "clipping": {"snare_head, layer 6", "low_tom_head, layer 6"},
        "falling": {"hi_tom_head, layer 5", "ride_bow, layer 3"},
    },
    "becks_ludwig": {
        "missing-piece": {"mid_tom"},
        "clipping": {"hi_tom_head, layer 2", "low_tom_head, layer 2", "ride_bow, layer 5"},
    },
    "gogodze_phu": {"missing-piece": {"ride", "crash"}},
    "salamander": {"missing-piece": {"mid_tom"}},
    "fluidr3_standard": {"single-layer": {"kick", "snare_head", "ride_bow"}},
    "gretsch_jazz": {"single-layer": {"ride_bow"}},
}
"""What the description of the kits says of them, by rule."""


@pytest.mark.real
@pytest.mark.parametrize("name", KNOWN)
def test_known_faults_of_recorded_kits_are_found(name: str, kits_dir: Path) -> None:
    result = check_kit(load_kit(name, [kits_dir]))
    for rule, places in KNOWN[name].items():
        actual = {finding.place for one, finding in result.findings if one.name == rule}
        for place in places:
            assert any(one.startswith(place) for one in actual), (rule, place, actual)


@pytest.mark.real
@pytest.mark.parametrize("name", ["avl_black_pearl", "avl_red_zeppelin", "ludwig_1960s", "muldjord"])
def test_recorded_kits_without_known_faults_have_no_warnings(name: str, kits_dir: Path) -> None:
    result = check_kit(load_kit(name, [kits_dir]))
    assert [rule.name for rule, _ in result.findings if rule.severity is not Severity.ADVICE] == []


def test_a_kit_that_lacks_a_file_is_an_error_and_the_next_kit_is_checked(tmp_path: Path) -> None:
    findings(tmp_path, {})
    other = tmp_path / "other"
    findings(other, {})
    (tmp_path / "kick_loud.wav").unlink()
    names = [str(tmp_path / "toy.yaml"), str(other / "toy.yaml")]
    result = CliRunner().invoke(stemgmd, ["kits", "check", *names])
    assert result.exit_code == 1
    assert "error: unreadable: kit: " in result.stdout
    assert f"toy: {2 * len(GOOD)} takes; 0 errors" in result.stdout


def test_a_silent_take_has_no_other_findings(tmp_path: Path) -> None:
    by_rule = findings(tmp_path, {"kick_soft.wav": np.zeros((500, 1))})
    assert set(by_rule) <= {"silent", "missing-piece", "single-layer"}


def test_worker_processes_find_the_same(tmp_path: Path) -> None:
    kit = load_kit_file(Path(tone_kits(tmp_path, {"tin": 331.0})[0]))
    done: list[str] = []
    alone = check_kit(kit, done.append)
    assert repr(check_kit(kit, jobs=2)) == repr(alone)
    assert set(done) == {name for name, one in kit.map.articulations.items() if one.fallback is None}
    seen: list[tuple[int, int]] = []
    assert check_named(str(tmp_path / "tin.yaml"), (), lambda *counts: seen.append(counts)).takes == alone.takes
    assert seen == [(number, len(done)) for number in range(1, len(done) + 1)]
