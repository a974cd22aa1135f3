"""The realism benchmark counts right: kits from a folder, features blind to level, masks, intervals, documents."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_kits import RATE, tone, write_sound

from benchmarks.realism import features, fine, masks, report
from benchmarks.realism.context import Context
from benchmarks.realism.results import Results, Section, Skipped, Table
from benchmarks.realism.sounds import LEAD_FRAMES, aligned, light, recorded_sounds
from benchmarks.realism.test_kits import kit_of, map_of, one_shots
from benchmarks.results import Row
from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.pieces import ARTICULATIONS, Piece

EXACT_DB = 60.0
"""What a separation by masks that know everything reaches when the stems do not overlap."""


def _kit_folder(folder: Path, samples: list[dict[str, Any]]) -> Path:
    for sample in samples:
        write_sound(folder / sample["file"], tone(hertz=sample.pop("hertz", 200.0), lead_s=0.002))
    (folder / "kit.json").write_text(json.dumps({"title": "Mine", "license": "CC0-1.0", "samples": samples}))
    return folder


def _sample(file: str, piece: str, articulation: str, low: int = 1, high: int = 127) -> dict[str, Any]:
    return {"file": file, "piece": piece, "articulation": articulation, "vel_lo": low, "vel_hi": high}


@pytest.fixture
def own_kit(tmp_path: Path) -> Path:
    """Return a folder with a kick of two layers, a floor tom and an open hat, and nothing else."""
    return _kit_folder(
        tmp_path / "my-kit",
        [
            _sample("soft.wav", "kick", "center", 1, 60),
            _sample("hard.wav", "kick", "center", 61, 127),
            _sample("tom.wav", "floor_tom", "center"),
            _sample("hat.wav", "open_hihat", "open"),
            _sample("odd.wav", "snare", "brush"),
        ],
    )


def test_any_folder_of_one_shots_becomes_a_kit_that_plays_everything(own_kit: Path) -> None:
    kit = kit_of(own_kit)
    assert kit.name == "my_kit"
    assert kit.map.title == "Mine"
    bank = compile_bank(kit)
    assert (bank.gain[:, 0, 100] > 0).all()
    assert len(bank.gain) == len(ARTICULATIONS)


def test_what_is_missing_borrows_the_nearest_neighbour(own_kit: Path) -> None:
    articulations = map_of(own_kit).articulations
    assert articulations["hi_tom_head"].fallback is not None
    assert articulations["hi_tom_head"].fallback.articulation == "low_tom_head"
    assert articulations["hi_tom_head"].fallback.pitch_semitones == 7
    crash = articulations["crash2_bow"].fallback
    assert crash is not None
    assert (crash.articulation, crash.openness) == ("hihat_open_bow", 1.0)
    assert articulations["snare_head"].fallback is not None
    assert articulations["hihat_closed_bow"].chokes


def test_a_sound_without_a_place_in_a_kit_still_has_a_piece(own_kit: Path) -> None:
    shots = one_shots(own_kit)
    assert [shot.piece for shot in shots][-1] is Piece.SNARE
    assert shots[-1].articulation is None
    assert len(recorded_sounds(own_kit)) == len(shots)


@pytest.mark.parametrize(
    ("samples", "said"),
    [
        ([_sample("a.wav", "cowbell", "center")], "cowbell"),
        ([{"file": "a.wav", "piece": "kick"}], "lacks"),
        ([_sample("a.wav", "snare", "brush")], "no sample"),
    ],
)
def test_a_faulty_description_is_one_clear_line(tmp_path: Path, samples: list[dict[str, Any]], said: str) -> None:
    folder = _kit_folder(tmp_path / "kit", samples)
    with pytest.raises(KitError, match=said) as caught:
        map_of(folder)
    assert "kit.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.real
def test_the_shipped_maps_and_the_descriptions_agree(kits_dir: Path) -> None:
    folder = kits_dir / "avl_black_pearl"
    assert map_of(folder).articulations == kit_of(folder).map.articulations


def test_without_kits_a_section_is_skipped(tmp_path: Path) -> None:
    with pytest.raises(Skipped, match="--kits"):
        Context().training_folders()
    with pytest.raises(Skipped, match=r"kit\.json"):
        Context(test_kits=tmp_path).test_folders()


def test_a_folder_of_kits_is_the_test_set(own_kit: Path) -> None:
    assert Context(test_kits=own_kit.parent).test_folders() == (own_kit,)


def test_a_light_kit_makes_only_what_is_asked_for() -> None:
    kit = load_kit("birch_room")
    bank = compile_bank(light(kit, (40, 110), only=frozenset({"kick", "hihat_pedal"}), longest_s=1.0))
    starts = {int(start) for start in bank.samples["start"]}
    assert len(starts) == 4
    kick = bank.samples[bank.samples["articulation"] == ARTICULATIONS.index("kick")]
    assert len(kick) == 2
    assert kick["frames"].max() <= 1.5 * RATE  # the room rings on


def test_the_patch_is_blind_to_level_and_shows_what_changes() -> None:
    sound = np.repeat(tone(), 2, axis=1)
    assert features.patch(0.01 * sound) == pytest.approx(features.patch(sound), abs=1e-6)
    other = np.repeat(tone(hertz=900.0), 2, axis=1)
    assert np.abs(features.patch(other) - features.patch(sound)).mean() > 1.0


def test_every_mel_band_hears_something() -> None:
    bank = features.mel_bank(1024, 28, 30.0, 18_000.0)
    assert bank.sum(axis=1) == pytest.approx(1.0)


def test_fine_features_are_blind_to_level_and_tell_a_tone_from_noise() -> None:
    decay = np.exp(-np.arange(RATE) / 8000.0)[:, None]
    noise = np.random.default_rng(0).standard_normal((RATE, 2)) * decay
    ringing = np.repeat(tone(hertz=700.0, seconds=1.0), 2, axis=1)
    lead = np.zeros((LEAD_FRAMES, 2))
    of_noise, of_tone = (fine.fine(np.concatenate([lead, sound])) for sound in (noise, ringing))
    assert fine.fine(np.concatenate([lead, 0.1 * noise])) == pytest.approx(of_noise, abs=1e-6)
    assert len(of_noise) == len(fine.NAMES)
    band = 3  # 500 to 1000 Hz
    assert of_tone[band] > of_noise[band] + 10.0


def test_sounds_are_aligned_by_one_rule() -> None:
    late = np.repeat(tone(lead_s=0.3), 2, axis=1)
    early = np.repeat(tone(lead_s=0.0), 2, axis=1)
    one, other = aligned(late), aligned(early)
    assert one is not None
    assert other is not None
    shorter = min(len(one), len(other))
    assert one[:shorter] == pytest.approx(other[:shorter], abs=1e-9)
    assert aligned(np.zeros((100, 2))) is None


def _stems() -> masks.Audio:
    """Return five tones that are silent in turn, far apart in frequency; the last stem is absent."""
    time_s = np.arange(RATE) / RATE
    stems = [np.sin(2 * np.pi * hertz * time_s) * (time_s > 0.1) for hertz in (100.0, 900.0, 4000.0, 11_000.0)]
    return np.array([*stems, np.zeros(RATE)], np.float32)


def test_the_best_mask_separates_what_does_not_overlap() -> None:
    stems = _stems()
    spectra = [masks.stft(stem) for stem in stems]
    best = masks.shares(np.stack([masks.mel_power(one) for one in spectra]))
    assert best.sum(axis=1).max() == pytest.approx(1.0, abs=1e-4)
    ratio_db = masks.sdr_db(stems, masks.separated(np.sum(spectra, axis=0), best, stems.shape[1]))
    assert np.isnan(ratio_db[4])
    assert ratio_db[:4].min() > 12.0


def test_spectra_lead_back_to_the_sound() -> None:
    sound = np.random.default_rng(0).standard_normal(RATE).astype(np.float32)
    back = masks.istft(masks.stft(sound), len(sound))
    inner = slice(masks.WINDOW, -masks.WINDOW)
    error = ((back[inner] - sound[inner]) ** 2).sum() / (sound[inner] ** 2).sum()
    assert -10 * np.log10(error) > EXACT_DB


def test_what_is_heard_is_blind_to_level() -> None:
    power = masks.mel_power(masks.stft(_stems().sum(axis=0)))
    assert masks.log_mel(power * 1e-4) == pytest.approx(masks.log_mel(power), abs=1e-3)


def test_sdr_is_the_ratio_of_signal_and_distortion() -> None:
    stems = _stems()
    estimates = stems + 0.1 * stems
    assert masks.sdr_db(stems, estimates)[:4] == pytest.approx(20.0, abs=1e-3)


def test_a_network_learns_to_mask() -> None:
    pytest.importorskip("torch")
    from benchmarks.realism import network, separator

    one = separator.example(_stems())
    learnt = network.trained([one], seed=0, steps=60)
    power = masks.mel_power(masks.stft(_stems().sum(axis=0)))
    mask = network.masks_of(learnt, masks.log_mel(power))
    assert mask.shape == (len(power), 5, masks.BANDS)
    error = np.abs(mask[one.asked] - one.shares)[10:]
    loud = power[one.asked][10:] > power.max() * 1e-3
    assert np.moveaxis(error, 1, 2)[loud].mean() < 0.1


def test_every_kit_of_a_set_is_rendered_as_often_as_another() -> None:
    pytest.importorskip("torch")
    from benchmarks.realism.separator import _kits_of_examples

    counts = np.bincount(_kits_of_examples(288, 5, seed=3), minlength=5)
    assert counts.max() - counts.min() <= 1
    assert sorted(_kits_of_examples(288, 288, seed=3)) == list(range(288))


def test_the_interval_is_students() -> None:
    pytest.importorskip("torch")
    from benchmarks.realism.separator import _interval

    low, high = _interval(np.array([1.0, 2.0, 3.0, 4.0, 5.0]))
    assert (low, high) == (1.04, 4.96)  # 3 -+ 2.776 * 1.581 / sqrt(5)


def test_balanced_accuracy_weighs_classes_not_sounds() -> None:
    pytest.importorskip("sklearn")
    from benchmarks.realism.classifier import Data, _balanced, _merged

    piece = np.array([0, 0, 0, 0, 0, 0, 2, 3])
    data = Data(np.zeros((8, 1)), piece, np.zeros(8, int))
    right = np.array([1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.0, 1.0])
    every = np.arange(8)[None]
    assert _balanced(right, 9, data, every) == pytest.approx([2 / 3])
    assert _balanced(right, 7, data, every) == pytest.approx([3 / 4])
    assert len(set(_merged(np.arange(9)).tolist())) == 7


def test_an_adversary_that_cannot_tell_is_at_one_half() -> None:
    pytest.importorskip("sklearn")
    from benchmarks.realism.adversary import Asked, _auc

    draw = np.random.default_rng(0)
    sound = np.repeat([0, 1], 200)
    blind = Asked(sound, draw.uniform(size=400), draw.uniform(size=400))
    sure = Asked(sound, np.where(sound == 0, 0.9, 0.5), np.where(sound == 0, 0.1, 0.5))
    assert _auc([blind], None) == pytest.approx(0.5, abs=0.07)
    assert _auc([sure], 0) == 1.0
    assert _auc([sure], 1) == 0.5
    assert np.isnan(_auc([sure], 2))


def test_handling_leaves_no_cue() -> None:
    pytest.importorskip("sklearn")
    from benchmarks.realism.adversary import _features, _levelled

    long = np.repeat(tone(hertz=400.0, seconds=1.0), 2, axis=1)
    handled = 0.5 * np.concatenate([np.zeros((300, 2)), long[: RATE // 2]])
    levelled = _levelled(long, handled)
    assert levelled is not None
    one, other = levelled
    assert len(one) == len(other)
    first, second = _features(one, other)
    coarse = features.BANDS * 10
    assert first[:coarse] == pytest.approx(second[:coarse], abs=0.1)


def test_results_come_back_as_they_were(tmp_path: Path) -> None:
    row = Row("ratio", 0.985, "", 0.96, 1.01, at_least=0.98)
    table = Table("by kit", ("kit", "figure"), [("a", "1.0")])
    results = Results({"processor": "one"}, {"classifier": Section("Classifier", "How.", [row], [table], 60.0)})
    results.save(tmp_path / "results.json")
    assert Results.load(tmp_path / "results.json") == results
    assert "| ratio | 0.98 (0.96 .. 1.01) | >= 0.98 | yes |" in report.proof(results)
    assert "| a | 1.0 |" in report.details(results)


@pytest.mark.parametrize(("figure", "met"), [(0.9, False), (1.0, True), (None, None)])
def test_a_row_knows_whether_it_is_met(figure: float | None, met: bool | None) -> None:
    assert Row("x", figure, at_least=0.98).met is met
