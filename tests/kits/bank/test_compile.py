"""Compiling small kits whose every number is known."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from toy_kits import RATE, layers, map_data, tone, toy_kit, write_map, write_sound

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.bank.pcm import LEAD_IN_S, SILENCE, quantise
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.onsets import onset_frame
from stemgmd_tools.pieces import ARTICULATIONS

RESAMPLED_TONE_CENTS = 5.0
"""Half a bin of a 1 s spectrum at 500 Hz, rounded up."""
RESAMPLED_ONSET_FRAMES = 2
"""A band-limited edge crosses the threshold within its filter's main lobe, one frame of the lower rate either side."""


def compiled(path: Path, rate: int = RATE) -> Bank:
    return compile_bank(load_kit_file(path), rate)


def kit_of(folder: Path, articulations: dict[str, Any], **top: Any) -> Path:
    return write_map(folder, map_data(articulations, **top))


def row_of(bank: Bank, articulation: str, velocity: int = 127, degree: int = 0) -> int:
    a = ARTICULATIONS.index(articulation)
    return int(bank.first[a, degree, bank.layer[a, degree, velocity]])


def shot(bank: Bank, articulation: str, velocity: int = 127, degree: int = 0) -> NDArray[np.float64]:
    row = row_of(bank, articulation, velocity, degree)
    return bank.one_shot(row) * float(bank.samples["scale"][row])


def pitch_hz(sound: NDArray[np.float64], rate: int) -> float:
    spectrum = np.abs(np.fft.rfft(sound[:, 0] * np.hanning(len(sound)), 8 * rate))
    return float(np.argmax(spectrum)) / 8


def test_sixteen_bit_files_come_out_as_they_went_in(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    stereo = np.rint(rng.uniform(-20_000, 20_000, (900, 2)) * np.exp(-np.arange(900) / 200)[:, None])
    stereo[-1] = 9
    write_sound(tmp_path / "a.wav", stereo / 32768, subtype="PCM_16")
    bank = compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))
    np.testing.assert_array_equal(shot(bank, "kick") * 32768, stereo)
    assert bank.samples["scale"][0] == 2.0**-15


def test_a_soft_file_keeps_its_sixteen_bits(tmp_path: Path) -> None:
    soft = tone(peak=0.001, seconds=0.1)
    write_sound(tmp_path / "a.wav", soft, subtype="DOUBLE")
    bank = compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))
    scale = float(bank.samples["scale"][0])
    assert scale < 2.0**-23
    compiled_shot = shot(bank, "kick")
    read = soft.astype(np.float32)
    assert np.abs(compiled_shot - read[: len(compiled_shot)]).max() <= scale / 2


def test_mono_goes_to_both_channels_and_pan_balances(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", tone())
    bank = compiled(
        kit_of(tmp_path, {"kick": layers("a.wav"), "snare_head": {**layers("a.wav"), "pan": -0.5}, "ride_bow": {
            "fallback": {"articulation": "snare_head"}, "pan": 1.0}})
    )  # fmt: skip
    kick, snare, ride = shot(bank, "kick"), shot(bank, "snare_head"), shot(bank, "ride_bow")
    np.testing.assert_array_equal(kick[:, 0], kick[:, 1])
    np.testing.assert_allclose(snare[:, 0], kick[:, 0], atol=2.0**-15)
    np.testing.assert_allclose(snare[:, 1], kick[:, 0][: len(snare)] / 2, atol=2.0**-15)
    assert not ride[:, 0].any()
    np.testing.assert_allclose(ride[:, 1], kick[:, 0][: len(ride)] / 2, atol=2.0**-15)


@pytest.mark.parametrize(
    ("sound", "message"),
    [
        (np.ones((100, 3)) * 0.1, "3 channels"),
        (np.zeros((100, 1)), "silent"),
        (np.full((100, 1), 2.0**-18), "silent"),
        (np.full((100, 1), np.nan), "finite"),
    ],
)
def test_sounds_that_cannot_be_used(tmp_path: Path, sound: NDArray[np.float64], message: str) -> None:
    write_sound(tmp_path / "a.wav", sound, subtype="FLOAT")
    with pytest.raises(KitError, match=rf"a\.wav.*{message}"):
        compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))


@pytest.mark.parametrize("kind", ["wav", "aiff"])
def test_a_file_that_was_cut_short(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    write_sound(path, tone())
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(KitError, match=rf"a\.{kind}: \d+ bytes are missing at its end"):
        compiled(kit_of(tmp_path, {"kick": layers(path.name)}))


def test_a_file_on_another_full_scale(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", tone() * 32768, subtype="FLOAT")
    with pytest.raises(KitError, match=r"a\.wav: peaks at 16384 times full scale, at most 16"):
        compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))


def test_a_rate_that_no_recording_has(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", tone(), rate=50)
    with pytest.raises(KitError, match=r"a\.wav: has a sample rate of 50 Hz; 8000 or more"):
        compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))


def test_a_file_that_is_no_audio(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_text("not audio")
    with pytest.raises(KitError, match=r"a\.wav.*cannot be read as audio"):
        compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))


@pytest.mark.parametrize("lead_s", [0.0, 0.001, 0.02, 0.4])
def test_the_attack_lies_where_the_index_says(tmp_path: Path, lead_s: float) -> None:
    write_sound(tmp_path / "a.wav", tone(lead_s=lead_s))
    bank = compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))
    onset = int(bank.samples["onset"][0])
    assert onset_frame(bank.one_shot(0), RATE) == onset == 0  # digital silence before the attack is dropped
    assert np.abs(bank.one_shot(0)[0]).max() == np.abs(bank.one_shot(0)).max()


def test_a_noisy_lead_in_is_shortened_and_faded(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    sound = tone(lead_s=0.3)
    sound += rng.uniform(-1e-3, 1e-3, sound.shape)
    write_sound(tmp_path / "a.wav", sound)
    bank = compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))
    onset = int(bank.samples["onset"][0])
    assert onset == round(LEAD_IN_S * RATE)
    assert np.abs(bank.one_shot(0)[onset]).max() > 100 * np.abs(bank.one_shot(0)[:onset]).max()
    assert not bank.one_shot(0)[0].any()


@pytest.mark.parametrize("rate", [22_050, 48_000, 96_000])
def test_files_of_any_rate_keep_their_pitch(tmp_path: Path, rate: int) -> None:
    write_sound(tmp_path / "a.wav", tone(hertz=500, seconds=1.0, rate=rate), rate)
    bank = compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))
    sound = shot(bank, "kick")
    assert abs(1200 * math.log2(pitch_hz(sound, RATE) / 500)) < RESAMPLED_TONE_CENTS
    onset = int(bank.samples["onset"][0])
    crest = int(np.argmax(np.abs(sound[:, 0])))
    assert abs(crest - onset) <= RESAMPLED_ONSET_FRAMES * max(1, RATE / rate)


@pytest.mark.parametrize("bank_rate", [16_000, 48_000])
def test_banks_of_any_rate(tmp_path: Path, bank_rate: int) -> None:
    write_sound(tmp_path / "a.wav", tone(hertz=500, seconds=1.0))
    bank = compiled(kit_of(tmp_path, {"kick": {**layers("a.wav"), "release_s": 0.1}}), bank_rate)
    assert bank.sample_rate == bank_rate
    assert abs(1200 * math.log2(pitch_hz(shot(bank, "kick"), bank_rate) / 500)) < RESAMPLED_TONE_CENTS
    assert bank.release_frames[0] == bank_rate // 10


def test_fallbacks_add_up(tmp_path: Path) -> None:
    write_sound(tmp_path / "a.wav", tone(hertz=500, seconds=1.0))
    bank = compiled(
        kit_of(
            tmp_path,
            {
                "kick": {**layers("a.wav"), "gain_db": 1},
                "snare_head": {"fallback": {"articulation": "kick", "pitch_semitones": 12, "gain_db": -6}},
                "ride_bow": {"fallback": {"articulation": "snare_head", "pitch_semitones": -24}, "gain_db": 2},
            },
            gain_db=-3,
        )
    )
    for name, factor, gain_db in (("kick", 1.0, -2.0), ("snare_head", 2.0, -8.0), ("ride_bow", 0.5, -6.0)):
        sound = shot(bank, name)
        assert abs(1200 * math.log2(pitch_hz(sound, RATE) / (500 * factor))) < RESAMPLED_TONE_CENTS
        gain = float(bank.gain[ARTICULATIONS.index(name), 0, 127])
        assert abs(20 * math.log10(gain) - gain_db) < 1e-3
    assert any("ride_bow: nothing recorded; kick stands in" in warning for warning in bank.warnings)


def test_borrowed_sounds_are_stored_once(tmp_path: Path) -> None:
    bank = compiled(toy_kit(tmp_path))
    assert len(bank.samples) == 2 * len(ARTICULATIONS)
    assert len(set(bank.samples["start"].tolist())) == 2
    assert len(bank.pcm) == 2 * sum(bank.samples["frames"][:2])


def hat_layers() -> dict[str, Any]:
    return {
        "layers": [
            {"velocity": [1, 127], "files": ["open.wav", "half.wav"], "openness": 1.0},
            {"velocity": [64, 127], "files": ["soft.wav"], "openness": 0.4},
            {"velocity": [1, 63], "files": ["loud.wav"], "openness": 0.4},
        ]
    }


def hat_bank(folder: Path) -> Bank:
    for index, name in enumerate(("open", "half", "soft", "loud")):
        write_sound(folder / f"{name}.wav", tone(hertz=300 * (index + 1), peak=0.1 * (index + 1)))
    return compiled(
        kit_of(
            folder,
            {
                "kick": layers("loud.wav"),
                "hihat_open_bow": {**hat_layers(), "choke_group": "hat"},
                "hihat_closed_bow": {**layers("soft.wav"), "choke_group": "hat", "chokes": True},
                "hihat_open_edge": {"fallback": {"articulation": "hihat_open_bow"}},
                "ride_bow": {"fallback": {"articulation": "hihat_open_bow", "openness": 0.9}},
            },
        )
    )


def test_degrees_of_openness(tmp_path: Path) -> None:
    bank = hat_bank(tmp_path)
    bow, edge, ride = (ARTICULATIONS.index(name) for name in ("hihat_open_bow", "hihat_open_edge", "ride_bow"))
    np.testing.assert_array_equal(bank.degrees[bow], np.array([0.4, 1.0], np.float32))
    np.testing.assert_array_equal(bank.degrees[edge], bank.degrees[bow])
    np.testing.assert_array_equal(bank.degrees[ride], np.array([1.0, np.nan], np.float32))
    assert np.isnan(bank.degrees[0]).all()
    assert bank.layer[bow, 0, [63, 64]].tolist() == [0, 1]
    assert bank.variations[bow].tolist() == [[1, 1], [2, 2]]
    assert pitch_hz(shot(bank, "ride_bow"), RATE) == pitch_hz(shot(bank, "hihat_open_bow", degree=1), RATE)
    # Past its own degrees and layers an articulation repeats its last ones.
    np.testing.assert_array_equal(bank.gain[ride, 1], bank.gain[ride, 0])
    assert bank.first[ride, 1, 1] == bank.first[ride, 0, 0]


def test_choke_groups(tmp_path: Path) -> None:
    bank = hat_bank(tmp_path)
    bow, closed = ARTICULATIONS.index("hihat_open_bow"), ARTICULATIONS.index("hihat_closed_bow")
    assert bank.choke_group[bow] == bank.choke_group[closed] == 0
    assert bank.choke_group[0] == -1
    assert (bool(bank.chokes[closed]), bool(bank.chokes[bow])) == (True, False)


def test_an_uneven_recording_is_evened_out_and_said_so(tmp_path: Path) -> None:
    bank = hat_bank(tmp_path)
    assert any("hihat_open_bow" in warning and "openness 0.4" in warning for warning in bank.warnings)


def test_silence_at_the_end_is_cut(tmp_path: Path) -> None:
    sound = np.concatenate([tone(), np.full((5000, 1), SILENCE / 4)])
    write_sound(tmp_path / "a.wav", sound)
    bank = compiled(kit_of(tmp_path, {"kick": layers("a.wav")}))
    last = np.flatnonzero(np.abs(tone()) >= SILENCE)[-1]
    assert bank.samples["frames"][0] == last + 1


def test_the_same_kit_gives_the_same_bytes(tmp_path: Path) -> None:
    path = toy_kit(tmp_path)
    first, second = compiled(path), compiled(path)
    assert first.pcm_sha256 == second.pcm_sha256
    np.testing.assert_array_equal(first.gain, second.gain)


@given(st.floats(1e-6, 8.0), st.integers(1, 200))
def test_quantising(peak: float, frames: int) -> None:
    rng = np.random.default_rng(frames)
    sound = rng.uniform(-peak, peak, (frames, 2))
    sound[0, 0] = peak
    pcm, scale = quantise(sound)
    assert math.frexp(scale)[0] == 0.5  # a power of two
    assert np.abs(pcm * scale - sound).max() <= scale / 2
    assert 16383 <= np.abs(pcm.astype(int)).max() <= 32767


def test_onset_does_not_depend_on_gain_or_type() -> None:
    rng = np.random.default_rng(3)
    sound = rng.uniform(-1e-4, 1e-4, (3000, 2))
    sound[700:] += tone(seconds=2300 / RATE)
    onset = onset_frame(sound, RATE)
    assert onset == 700
    assert onset_frame(sound * 0.01, RATE) == onset
    assert onset_frame(np.rint(sound * 32767).astype(np.int16), RATE) == onset
    assert onset_frame(sound[:, 0], RATE) == onset
    assert onset_frame(np.zeros((10, 2)), RATE) is None
    assert onset_frame(np.zeros((0, 2)), RATE) is None
