"""``stemgmd kits import`` of a SoundFont and of a folder of one-shots, as a user does it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from toy_kits import tone, write_sound

from benchmarks.torture.soundfont_kits import Font, Sample, soundfont, span
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.pieces import ARTICULATIONS

DRUMS = {35: "Kick B", 36: "Kick", 38: "Snare", 42: "Closed Hat", 46: "Open Hat", 51: "Ride", 49: "Crash", 45: "Tom"}


def run_import(*words: str | Path) -> str:
    result = CliRunner().invoke(stemgmd, ["kits", "import", *map(str, words)], standalone_mode=False)
    if result.exception is not None:
        raise result.exception
    return result.stdout


@pytest.fixture
def bank(tmp_path: Path) -> Path:
    """Return a SoundFont with the presets Standard and Jazz; those of Jazz are panned."""
    rng = np.random.default_rng(0)
    samples = [Sample(name, rng.integers(-9000, 9000, 3000), root=key) for key, name in DRUMS.items()]
    zones = [[(43, span(key, key)), (53, number)] for number, key in enumerate(DRUMS)]
    panned = [[*zone[:1], (17, 500), *zone[1:]] for zone in zones]
    presets = {("Standard", 128, 0): [[(41, 0)]], ("Jazz", 128, 32): [[(41, 1)]]}
    path = tmp_path / "toy bank.sf2"
    path.write_bytes(soundfont(Font(samples, {"Drums": zones, "Jazz drums": panned}, presets)))
    return path


def test_a_soundfont_becomes_a_kit(bank: Path, tmp_path: Path) -> None:
    printed = run_import(bank, "--out", tmp_path / "toy_kit.yaml")
    assert "licence: CC0-1.0" in printed
    assert "other drum kits of the file: Jazz (128:32)" in printed
    kit = load_kit_file(tmp_path / "toy_kit.yaml")
    assert kit.map.articulations["hihat_open_bow"].layers
    (line,) = [line for line in printed.splitlines() if line.startswith("kick ")]
    assert line.split()[3] == "36"  # the usual note, of two alike


def test_another_preset_is_imported_on_request(bank: Path, tmp_path: Path) -> None:
    run_import(bank, "--out", tmp_path / "toy_jazz.yaml", "--option", "preset=Jazz")
    assert "pan: 1" in (tmp_path / "toy_jazz.yaml").read_text()


def test_a_folder_becomes_a_kit(tmp_path: Path) -> None:
    pack = tmp_path / "pack"
    for name in ("KD", "SD", "CHH", "OHH", "Ride", "Crash", "FloorTom"):
        for layer in (1, 2):
            write_sound(pack / f"{name}_V{layer}.wav", tone(peak=0.1 * layer**2, hertz=200, seconds=0.1))
    printed = run_import(pack, "--out", tmp_path / "toy_pack.yaml")
    rows = {line.split()[0]: line.split()[1:3] for line in printed.splitlines() if line.strip()}
    for articulation in ("kick", "snare_head", "hihat_closed_bow", "ride_bow", "crash1_edge", "low_tom_head"):
        assert rows[articulation] == ["2", "1"]
    again = run_import(pack, "--out", tmp_path / "by_pattern.yaml", "--option", "pattern={piece}_v{layer}")
    assert {line.split()[0]: line.split()[1:3] for line in again.splitlines() if line.strip()}["kick"] == ["2", "1"]


def test_envelopes_of_a_soundfont_shape_the_kit(tmp_path: Path) -> None:
    """The kick decays by 100 dB in a second, the ride is a loop that does so, and the crash leaves nothing to hear."""
    rng = np.random.default_rng(0)
    samples = [Sample(name, rng.integers(-9000, 9000, 30_000), root=key) for key, name in DRUMS.items()]
    decays = [(36, 0), (37, 1000)]
    more = {36: decays, 51: [*decays, (54, 1)], 49: [(33, -1200), (37, 1000)]}  # its delay does not count
    zones = [[(43, span(key, key)), *more.get(key, []), (53, number)] for number, key in enumerate(DRUMS)]
    path = tmp_path / "bank.sf2"
    path.write_bytes(soundfont(Font(samples, {"Drums": zones}, {("Standard", 128, 0): [[(41, 0)]]})))
    printed = run_import(path, "--out", tmp_path / "shaped.yaml")
    assert "the envelope leaves nothing to hear, left out: 1 stroke" in printed
    bank = compile_bank(load_kit_file(tmp_path / "shaped.yaml"), 22_050)
    seconds = {}
    for name in ("kick", "snare_head", "ride_bow"):
        first = bank.samples[bank.first[ARTICULATIONS.index(name), 0, 0]]
        pcm = bank.pcm.reshape(-1, 2)[int(first["start"]) :][: int(first["frames"])].astype(np.float64)
        levels = [10 * np.log10((pcm[at : at + 2000] ** 2).mean()) for at in (2000, 13_025)]
        seconds[name] = len(pcm) / 22_050
        assert levels[1] - levels[0] == pytest.approx(0 if name == "snare_head" else -50, abs=1)  # of half a second
    assert seconds["snare_head"] == pytest.approx(30_000 / 22_050, abs=0.01)
    assert 0.7 < seconds["kick"] < 1.0
    assert 0.7 < seconds["ride_bow"] < 1.0
