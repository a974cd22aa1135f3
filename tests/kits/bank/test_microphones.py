"""Sounds of a map beyond whole files: parts of files, channels, several microphones mixed when a bank is compiled."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from toy_kits import RATE, map_data, tone, write_map, write_sound

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.pieces import ARTICULATIONS

STEPS = 2.0**-14
"""A step of the 16-bit samples of a bank whose peak is above 0.5."""
IN_PHASE = 0.008
"""Of a tone of 220 Hz whose parts are half a frame apart at most."""
CLOSE = tone(hertz=220, peak=0.4)
FAR = np.concatenate([np.zeros((30, 1)), tone(hertz=220, peak=0.2)])[: len(CLOSE)]


def kick_of(folder: Path, layer: dict[str, Any], **top: Any) -> NDArray[np.float64]:
    """Return the sound of a kit whose kick has one layer, shape (frames, 2)."""
    kick = {"layers": [{"velocity": [1, 127], **layer}]}
    bank = compile_bank(load_kit_file(write_map(folder, map_data({"kick": kick}, **top))), RATE)
    row = int(bank.first[ARTICULATIONS.index("kick"), 0, 0])
    return bank.one_shot(row) * float(bank.samples["scale"][row])


def assert_same(sound: NDArray[np.float64], expected: NDArray[np.float64]) -> None:
    np.testing.assert_allclose(sound, expected[: len(sound)], atol=STEPS)
    assert np.abs(expected[len(sound) :]).max(initial=0) < STEPS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a recording of three channels, and the same as two files."""
    write_sound(tmp_path / "three.wav", np.hstack([CLOSE, FAR, -FAR]))
    write_sound(tmp_path / "close.wav", CLOSE)
    write_sound(tmp_path / "far.wav", np.hstack([FAR, -FAR]))
    return tmp_path


def test_a_part_of_a_file_at_its_level(folder: Path) -> None:
    sound = {"file": "three.wav", "channels": [1], "gain_db": -6, "pan": 0.5, "end_frame": 4000}
    expected = CLOSE[:4000] * 10 ** (-6 / 20) * [0.5, 1.0]
    assert_same(kick_of(folder, {"files": [sound]}), expected)


def test_a_start_frame_leaves_out_what_lies_before(folder: Path) -> None:
    write_sound(folder / "late.wav", np.concatenate([np.full((500, 1), 0.3), CLOSE]))
    assert_same(kick_of(folder, {"files": [{"file": "late.wav", "start_frame": 500}]}), CLOSE * [1, 1])


def test_pitch_is_shifted_by_resampling(folder: Path) -> None:
    sound = kick_of(folder, {"files": [{"file": "close.wav", "pitch_semitones": 12}]})
    spectrum = np.abs(np.fft.rfft(sound[:, 0], 8 * RATE))
    assert abs(np.argmax(spectrum) / 8 - 440) < 5
    assert len(sound) < 0.6 * len(CLOSE)


MIX = {"close": {"gain_db": -2, "pan": -0.5}, "room": {"gain_db": -3}}
EXPECTED = CLOSE * 10 ** (-2 / 20) * [1.0, 0.5] + np.hstack([FAR, -FAR]) * 10 ** (-3 / 20)


def test_microphones_in_files_of_their_own_are_mixed_in_phase(folder: Path) -> None:
    take = {"close": "close.wav", "room": "far.wav"}
    assert_same(kick_of(folder, {"takes": [take]}, microphones=MIX), EXPECTED)


def test_microphones_in_channels_of_one_file_give_the_same(folder: Path) -> None:
    mix = {"close": {**MIX["close"], "channels": [1]}, "room": {**MIX["room"], "channels": [2, 3]}}
    assert_same(kick_of(folder, {"files": ["three.wav"]}, microphones=mix), EXPECTED)


@pytest.mark.parametrize(("rate", "semitones"), [(48_000, 0.0), (22_050, 0.0), (RATE, 12.0), (32_000, -7.0)], ids=str)
def test_sounds_of_other_rates_and_pitches_are_mixed_in_phase(folder: Path, rate: int, semitones: float) -> None:
    """The room is the close sound at half the level, recorded at another rate and tuned back by its pitch."""
    sharp = 2 ** (semitones / 12)
    room = tone(hertz=220 / sharp, peak=0.2, seconds=0.3 * sharp, rate=rate)
    write_sound(folder / "room.wav", room, rate=rate)
    take = {"close": "close.wav", "room": {"file": "room.wav", "pitch_semitones": semitones}}
    sound = kick_of(folder, {"takes": [take]}, microphones={"close": {}, "room": {}})
    expected = np.repeat(1.5 * CLOSE, 2, axis=1)[: len(sound)]
    start = 200  # the attack of the tone is a step, around which resampling rings
    np.testing.assert_allclose(sound[start : len(expected)], expected[start:], atol=IN_PHASE)


@pytest.mark.parametrize(
    ("layer", "message"),
    [
        ({"files": ["three.wav"]}, "three.wav: has 3 channels; mix it to mono or stereo, or name its channels"),
        ({"files": [{"file": "close.wav", "channels": [2]}]}, "close.wav: has no channel 2, only 1"),
        ({"files": [{"file": "close.wav", "start_frame": 99_999_999}]}, "lies behind its end"),
        ({"files": [{"file": "close.wav", "start_frame": 9, "end_frame": 9}]}, "end_frame is 9; it must be above"),
        ({"files": [{"file": "close.wav", "channels": [1, 1]}]}, "channels are 1, 1; name each once"),
        ({"takes": [{"clos": "close.wav"}]}, 'unknown microphone (did you mean "close"?)'),
        ({"takes": [{}]}, "is empty; give at least one microphone"),
        ({"files": ["close.wav"], "takes": [{"close": "close.wav"}]}, "needs files or takes; found both"),
        ({"files": [{"fle": "close.wav"}]}, 'unknown key (did you mean "file"?)'),
        ({"takes": [{"close": "../close.wav"}]}, "give a path inside the kit's folder"),
    ],
)
def test_faults_are_named(folder: Path, layer: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError) as caught:
        kick_of(folder, layer, microphones=MIX)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("layer", "label"),
    [
        ({"files": ["silent.wav"]}, "silent.wav"),
        ({"files": [{"file": "silent.wav", "gain_db": -3}]}, "silent.wav"),
        ({"takes": [{"close": "silent.wav", "room": {"file": "silent.wav", "pan": 1}}]}, "silent.wav"),
        ({"takes": [{"close": "silent.wav", "room": "silence.wav"}]}, "silent.wav and 1 more"),
        ({"files": ["{silent}.wav"]}, "{silent}.wav"),
    ],
)
def test_messages_name_the_files_of_a_take(folder: Path, layer: dict[str, Any], label: str) -> None:
    for name in ("silent", "silence", "{silent}"):
        write_sound(folder / f"{name}.wav", 0 * CLOSE)
    with pytest.raises(KitError) as caught:
        kick_of(folder, layer, microphones={"close": {}, "room": {}})
    assert str(caught.value) == f"kit toy: one-shot {label} is silent; remove it or give another file"


def test_a_written_map_reads_as_it_was(folder: Path) -> None:
    take = {"close": "close.wav", "room": {"file": "far.wav", "channels": [2], "gain_db": -1.5}}
    kick = {"layers": [{"velocity": [1, 127], "takes": [take, {"close": "three.wav"}]}]}
    snare = {"layers": [{"velocity": [1, 127], "files": ["close.wav", {"file": "far.wav", "pan": 0.25}]}]}
    first = load_map(write_map(folder, map_data({"kick": kick, "snare_head": snare}, microphones=MIX)))
    (folder / "again.yaml").write_text(map_text(first).replace("name: toy", "name: again"))
    assert load_map(folder / "again.yaml").model_copy(update={"name": "toy"}) == first
    assert "- {close: close.wav, room: {file: far.wav, channels: [2], gain_db: -1.5}}" in map_text(first)
