"""Recordings with the faults that real ones have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from toy_kits import RATE, layers, map_data, tone, write_map, write_sound

from stemgmd_tools.fitting.estimation.recorded_kit import fit_voices
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, RecordedStrokes, read_strokes
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.onsets import magnitude

ONSET_REACH_FRAMES = 2
"""The attack is found where 4 % of the peak are reached, a frame or two into a cosine."""


def strokes_of(folder: Path, sounds: dict[str, NDArray[np.float64]], **top: Any) -> RecordedStrokes:
    for name, sound in sounds.items():
        write_sound(folder / name, sound)
    return read_strokes(load_kit_file(write_map(folder, map_data({"kick": layers(*sounds)}, **top))))


def onset(sound: NDArray[np.float64]) -> int:
    amplitude = magnitude(sound)
    return int(np.argmax(amplitude > 0.04 * amplitude.max()))


def test_attacks_lie_one_millisecond_after_the_start(tmp_path: Path) -> None:
    recorded = strokes_of(tmp_path, {"a.wav": tone(), "b.wav": tone(lead_s=0.2, peak=0.8)})
    for layer in recorded.strokes["kick"]:
        assert abs(onset(layer.repeats[0]) - ONSET_FRAMES) <= ONSET_REACH_FRAMES
    assert [layer.velocity for layer in recorded.strokes["kick"]] == [64, 127]
    assert recorded.notes == ("kick: recordings start more than 50 ms late; the lead-in was cut",)


def test_gains_of_the_map_are_applied(tmp_path: Path) -> None:
    plain = strokes_of(tmp_path / "plain", {"a.wav": tone()}).strokes["kick"][0].repeats[0]
    louder = strokes_of(tmp_path / "louder", {"a.wav": tone()}, gain_db=6.0).strokes["kick"][0].repeats[0]
    assert np.abs(louder).max() / np.abs(plain).max() == pytest.approx(10.0**0.3, rel=1e-3)


def test_an_offset_is_taken_out(tmp_path: Path) -> None:
    recorded = strokes_of(tmp_path, {"a.wav": tone(seconds=1.0) + 0.02})
    sound = recorded.strokes["kick"][0].repeats[0]
    assert abs(sound[-RATE // 4 :].mean()) < 0.002
    assert any("offset" in note for note in recorded.notes)
    assert strokes_of(tmp_path / "clean", {"a.wav": tone(seconds=1.0)}).notes == ()


def test_clipping_is_noted(tmp_path: Path) -> None:
    recorded = strokes_of(tmp_path, {"a.wav": np.clip(3.0 * tone(), -0.99, 0.99)})
    assert any("clipped" in note for note in recorded.notes)


def test_layers_out_of_order_are_evened_out(tmp_path: Path) -> None:
    recorded = strokes_of(tmp_path, {"a.wav": tone(peak=0.5), "b.wav": tone(peak=0.2)})
    soft, hard = (float((layer.repeats[0] ** 2).sum()) for layer in recorded.strokes["kick"])
    assert soft == pytest.approx(hard, rel=0.01)
    assert any("softer than one below" in note for note in recorded.notes)


def test_a_kit_of_one_stroke_is_fitted_and_says_what_it_lacks(tmp_path: Path) -> None:
    draw = np.random.default_rng(3)
    noise = draw.standard_normal((8000, 2)) * 0.2 * np.exp(-np.arange(8000) / 1500)[:, None]
    write_sound(tmp_path / "hat.wav", noise)
    write_sound(tmp_path / "kick.wav", tone(hertz=80.0))
    data = map_data({"kick": layers("kick.wav"), "hihat_closed_bow": layers("hat.wav")})
    seen: list[str] = []
    fitted = fit_voices(load_kit_file(write_map(tmp_path, data)), seen.append)
    assert list(fitted.voices) == seen == ["kick", "hihat_closed_bow"]
    assert fitted.voices["hihat_closed_bow"].body is None
    assert fitted.voices["kick"].body is not None
    assert any("one layer" in note for note in fitted.notes)
    assert any("nothing was played twice" in note for note in fitted.notes)
