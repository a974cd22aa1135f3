"""Amplitude envelopes and loops of a map shape the sounds of its bank."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from toy_kits import RATE, map_data, write_map, write_sound

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.bank.one_shots import LONGEST_LOOP_FRAMES, Part, read_parts
from stemgmd_tools.kits.bank.shaping.envelopes import envelope_gain, enveloped
from stemgmd_tools.kits.sample_map.envelope import Envelope
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.pieces import ARTICULATIONS

SLOPE = 1e-9
"""Gains are computed in one way only; the tolerance is for rounding."""
LEVEL_DB = 0.1
"""Of windows of a hundred periods, in 16 bits."""
SQUARE = np.where(np.arange(RATE) % 20 < 10, 0.5, -0.5)[:, None]
"""A second of one level."""


def sound_of(folder: Path, sound: dict[str, Any], **top: Any) -> NDArray[np.float64]:
    """Return the left channel of a kick."""
    kick = {"layers": [{"velocity": [1, 127], "files": [{"file": "square.wav", **sound}]}]}
    bank = compile_bank(load_kit_file(write_map(folder, map_data({"kick": kick}, **top))), RATE)
    row = int(bank.first[ARTICULATIONS.index("kick"), 0, 0])
    return (bank.one_shot(row) * float(bank.samples["scale"][row]))[:, 0]


def level_db(sound: NDArray[np.float64], at_s: float) -> float:
    """Return the level of 2,000 frames around a time, re full scale."""
    middle = round(at_s * RATE)
    return float(10 * np.log10((sound[middle - 1000 : middle + 1000] ** 2).mean()))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_sound(tmp_path / "square.wav", SQUARE)
    return tmp_path


def db(gain: NDArray[np.float64]) -> NDArray[np.float64]:
    return 20 * np.log10(gain)


def test_a_decay_falls_by_100_db_in_its_time_in_a_line_of_decibels_to_the_sustained_level() -> None:
    gain = envelope_gain(Envelope(hold_s=0.1, decay_s=2.0, sustain_db=-40), 1000, 1000)
    np.testing.assert_allclose(db(gain[:101]), 0.0, atol=SLOPE)
    np.testing.assert_allclose(np.diff(db(gain[100:900])), -100 / 2000, atol=SLOPE)
    np.testing.assert_allclose(db(gain[900:]), -40, atol=SLOPE)


def test_an_attack_rises_in_a_line_of_amplitude() -> None:
    gain = envelope_gain(Envelope(attack_s=0.5), 1000, 1000)
    np.testing.assert_allclose(np.diff(gain[:500]), 1 / 500, atol=SLOPE)
    np.testing.assert_allclose(gain[500:], 1.0, atol=SLOPE)


def test_exponential_stages_begin_fast_and_reach_their_ends() -> None:
    gain = envelope_gain(Envelope(attack_s=0.2, decay_s=0.4, sustain_db=-20, curve="exponential"), 1000, 1000)
    assert (gain[0], gain[200]) == (0.0, pytest.approx(1.0, abs=SLOPE))
    np.testing.assert_allclose(gain[600:], 0.1, atol=SLOPE)
    assert gain[100] == pytest.approx((1 - 0.038515**0.5) / (1 - 0.038515))
    assert gain[400] == pytest.approx(0.1 + 0.9 * (0.044796**0.5 - 0.044796) / (1 - 0.044796))


def test_stages_without_length_are_over_at_once() -> None:
    np.testing.assert_array_equal(envelope_gain(Envelope(), 5, 1000), np.ones(5))
    np.testing.assert_array_equal(envelope_gain(Envelope(sustain_db=-100), 5, 1000), np.zeros(5))
    np.testing.assert_allclose(envelope_gain(Envelope(sustain_db=-20), 5, 1000), 0.1, atol=SLOPE)


def test_the_bank_holds_the_shaped_sound(folder: Path) -> None:
    sound = sound_of(folder, {"envelope": {"decay_s": 2.0, "sustain_db": -30}})
    at = (0.2, 0.4, 0.8)
    assert [level_db(sound, time) for time in at] == pytest.approx([-6.02 - 10, -6.02 - 20, -6.02 - 30], abs=LEVEL_DB)


@pytest.mark.parametrize("semitones", [0, -12])
def test_times_are_those_of_the_sound_as_it_is_played(folder: Path, semitones: float) -> None:
    sound = sound_of(folder, {"pitch_semitones": semitones, "envelope": {"decay_s": 1.0, "sustain_db": -100}})
    slope = (level_db(sound, 0.4) - level_db(sound, 0.2)) / 0.2
    assert slope == pytest.approx(-100, abs=LEVEL_DB / 0.2)


def test_what_is_silent_is_not_stored(folder: Path) -> None:
    assert len(sound_of(folder, {"envelope": {"decay_s": 0.3, "sustain_db": -100}})) < 0.3 * RATE


def test_an_offset_does_not_fade_with_the_sound(folder: Path) -> None:
    rng = np.random.default_rng(0)
    decaying = rng.normal(size=(RATE, 1)) * 0.2 * np.exp(-np.arange(RATE) / 1500)[:, None]
    write_sound(folder / "square.wav", decaying + 0.1)
    sound = sound_of(folder, {"envelope": {"attack_s": 0.001, "decay_s": 9.0, "sustain_db": -100}})
    assert abs(sound[3000:9000].mean()) < 1e-3


@pytest.mark.parametrize("end", [{}, {"decay_s": 0.5, "sustain_db": -100}])
def test_a_delay_longer_than_the_file_takes_nothing_of_its_sound(end: dict[str, Any], folder: Path) -> None:
    undelayed = sound_of(folder, {"envelope": {"attack_s": 0.01, **end}})
    np.testing.assert_array_equal(sound_of(folder, {"envelope": {"attack_s": 0.01, "delay_s": 2.0, **end}}), undelayed)


def test_sounds_that_play_together_keep_the_difference_of_their_delays(folder: Path) -> None:
    files = [Part(folder / "square.wav", envelope=Envelope(delay_s=delay_s), speed=2.0) for delay_s in (0.75, 0.5)]
    (later, sooner), _ = read_parts(files)
    frames = round(0.25 * 2 * RATE)  # as it is played, twice as fast
    assert not later.samples[:frames].any()
    np.testing.assert_array_equal(later.samples[frames:], sooner.samples)


def test_a_loop_lasts_until_the_envelope_is_silent(folder: Path) -> None:
    envelope = {"hold_s": 1.0, "decay_s": 3.0, "sustain_db": -100}
    sound = sound_of(folder, {"start_frame": 20, "loop": [1000, 3000], "envelope": envelope})
    assert 3.0 * RATE < len(sound) < 4.0 * RATE  # -96 dB is the least that is stored
    assert level_db(sound, 0.5) == pytest.approx(-6.02, abs=LEVEL_DB)
    assert level_db(sound, 2.5) == pytest.approx(-6.02 - 50, abs=LEVEL_DB)
    jumps = np.abs(np.diff(np.sign(sound[: 2 * RATE]))).sum() / 2
    assert jumps == pytest.approx(2 * RATE / 10, abs=2)  # the loop is a whole number of periods: no click


def test_a_loop_that_the_file_does_not_have_is_refused(folder: Path) -> None:
    envelope = {"decay_s": 3.0, "sustain_db": -100}
    with pytest.raises(KitError, match=rf"has {RATE} frames; its loop ends after {RATE + 1}; correct the map"):
        sound_of(folder, {"loop": [0, RATE + 1], "envelope": envelope})


@pytest.mark.parametrize("speeds", [[16], [16, 1 / 16]])
def test_a_loop_of_too_many_frames_is_refused(folder: Path, speeds: list[float]) -> None:
    """Also one that has so many only at the pitch of another part of its sound."""
    long = Envelope(decay_s=LONGEST_LOOP_FRAMES / 16 / RATE + 1, sustain_db=-100)
    parts = [Part(folder / "square.wav", speed=speed) for speed in speeds]
    parts[-1] = parts[-1]._replace(loop=(1000, 3000), envelope=long)
    with pytest.raises(KitError, match=r"square\.wav: its loop .* frames at its pitch; at most 28,800,000 are allowed"):
        read_parts(parts)


@pytest.mark.parametrize("curve", ["decibels", "exponential"])
def test_an_envelope_is_the_same_in_blocks(curve: Any) -> None:
    envelope = Envelope(delay_s=0.1, attack_s=0.3, decay_s=0.4, sustain_db=-40, curve=curve)
    np.testing.assert_array_equal(
        enveloped(SQUARE, envelope, RATE), SQUARE * envelope_gain(envelope, len(SQUARE), RATE)[:, None]
    )


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        ({"loop": [9, 9], "envelope": {"sustain_db": -100}}, r"found 9..9; it starts at start_frame or later"),
        ({"loop": [9, 20], "start_frame": 10, "envelope": {"sustain_db": -100}}, "found 9..20; it starts at"),
        (
            {"loop": [9, 20], "end_frame": 19, "envelope": {"sustain_db": -100}},
            "ends at 20, behind end_frame, 19; end it there or before",
        ),
        ({"loop": [9, 20]}, "would never end; give an envelope with sustain_db -100"),
        ({"loop": [9, 20], "envelope": {"sustain_db": -40}}, "would never end; give an envelope"),
        ({"envelope": {"sustain_db": 3}}, "sustain_db"),
        ({"envelope": {"attack_s": -1}}, "attack_s"),
    ],
)
def test_envelopes_and_loops_without_sense_are_refused(folder: Path, sound: dict[str, Any], message: str) -> None:
    with pytest.raises(KitError, match=message):
        sound_of(folder, sound)


def test_a_map_with_envelopes_is_written_as_it_is_read(folder: Path) -> None:
    sound = {"file": "square.wav", "loop": [10, 20], "envelope": {"hold_s": 0.5, "decay_s": 3.0, "sustain_db": -100}}
    path = write_map(folder, map_data({"kick": {"layers": [{"velocity": [1, 127], "files": [sound]}]}}))
    kit_map = load_map(path)
    path.write_text(map_text(kit_map))
    assert load_map(path) == kit_map
    assert "envelope: {hold_s: 0.5, decay_s: 3, sustain_db: -100}, loop: [10, 20]" in path.read_text()
