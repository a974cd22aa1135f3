"""Attacks of recordings with a constant offset or with noise before them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np
import pytest
from click.testing import CliRunner
from numpy.typing import NDArray
from toy_kits import RATE, layers, map_data, write_map, write_sound

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.bank.dc_offset import LEAST_SHARE, centred
from stemgmd_tools.kits.bank.pcm import LEAD_IN_S
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.onsets import onset_frame
from stemgmd_tools.seeds import stream

LATE_FRAMES: Final = 4
"""A sine of 200 Hz that begins at zero reaches a tenth of its peak within this many frames."""


def stroke(lead_s: float = 0.4, decay_s: float = 0.05, frames: int = RATE) -> NDArray[np.float64]:
    """Return a decaying tone after silence; its first frame that sounds is ``lead_s`` after the start."""
    start = round(lead_s * RATE)
    times_s = np.arange(frames - start) / RATE
    sound = np.zeros((frames, 2))
    sound[start:] = (0.8 * np.sin(2 * np.pi * 200 * times_s) * np.exp(-times_s / decay_s))[:, None]
    return sound


def noise(frames: int, peak: float) -> NDArray[np.float64]:
    return stream(3, "lead-in").uniform(-peak, peak, (frames, 2))


def bank_of(tmp_path: Path, sound: NDArray[np.float64], subtype: str = "FLOAT") -> Bank:
    write_sound(tmp_path / "a.wav", sound, subtype=subtype)
    return compile_bank(load_kit_file(write_map(tmp_path, map_data({"kick": layers("a.wav")}))))


def kick(bank: Bank) -> tuple[NDArray[np.float64], int]:
    row = bank.samples[0]
    return bank.one_shot(0) * float(row["scale"]), int(row["onset"])


@pytest.mark.parametrize("offset", [0.02, -0.1, 0.3])
@pytest.mark.parametrize("lead_s", [0.0, 0.4])
def test_an_offset_hides_no_attack_and_is_not_in_the_bank(tmp_path: Path, offset: float, lead_s: float) -> None:
    plain = stroke(lead_s)
    (tmp_path / "plain").mkdir()
    (tmp_path / "moved").mkdir()
    expected, onset = kick(bank_of(tmp_path / "plain", plain))
    bank = bank_of(tmp_path / "moved", plain + np.array([offset, offset / 2]))
    shot, attack = kick(bank)
    assert abs(attack - onset) <= 1
    shared = min(len(shot), len(expected))
    assert np.abs(shot[:shared] - expected[:shared]).max() <= 2 * float(bank.samples["scale"][0])
    assert abs(len(shot) - len(expected)) < 0.05 * RATE
    message = f"1 one-shots have a DC offset, up to {abs(offset) / np.abs(plain).max():.1%} of the peak (a.wav)"
    assert [warning for warning in bank.warnings if "DC offset" in warning] == [f"{message}; it is taken away"]


@pytest.mark.parametrize("peak", [0.002, 0.01, 0.03, 0.07])
@pytest.mark.parametrize("lead_s", [0.08, 0.149, 0.151, 0.4, 0.9])
def test_noise_before_a_stroke_is_not_its_attack(tmp_path: Path, peak: float, lead_s: float) -> None:
    start = round(lead_s * RATE)
    sound = stroke(lead_s) + noise(RATE, peak * np.abs(stroke(lead_s)).max())
    onset = onset_frame(sound, RATE)
    assert onset is not None
    assert start <= onset <= start + LATE_FRAMES
    shot, attack = kick(bank_of(tmp_path, sound))
    assert attack <= round(LEAD_IN_S * RATE) + LATE_FRAMES
    assert np.argmax(np.abs(shot).max(axis=1)) - attack == np.argmax(np.abs(sound).max(axis=1)) - onset


def test_noise_and_an_offset_together(tmp_path: Path) -> None:
    sound = stroke(0.4) + noise(RATE, 0.02) + 0.1
    shot, onset = kick(bank_of(tmp_path, sound))
    assert onset <= round(LEAD_IN_S * RATE) + LATE_FRAMES
    assert abs(np.median(shot[-1000:])) < 0.001


def test_what_is_no_offset_is_left_as_it_is() -> None:
    for sound in (stroke(), stroke(0.0), stroke(0.0, 2.0), noise(RATE, 0.5), stroke() + LEAST_SHARE / 4):
        assert centred(sound).sound is sound
        assert centred(sound).share == 0.0
    slow = 0.1 * np.sin(2 * np.pi * np.arange(RATE) / RATE)[:, None] + stroke(0.0)  # a swing that has not ended
    assert centred(slow).sound is slow


def test_kits_show_names_an_offset(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STEMGMD_CACHE", str(tmp_path / "cache"))
    write_sound(tmp_path / "a.wav", stroke() + 0.05, subtype="FLOAT")
    path = write_map(tmp_path, map_data({"kick": layers("a.wav")}))
    assert CliRunner().invoke(stemgmd, ["kits", "build", str(path)]).exit_code == 0
    output = CliRunner().invoke(stemgmd, ["kits", "show", str(path)]).output
    assert "warning: 1 one-shots have a DC offset, up to" in output
