"""The fits section of the realism benchmark: what its figures are made of, and that it runs on a kit of toys."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_kits import RATE, map_data, write_map, write_sound

from benchmarks.realism import fits, judged
from benchmarks.realism.fitted import FittedVoices
from benchmarks.realism.judged import Distances, JudgedKit, judged_kit
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.kits.synthesis.parameters import BandEnvelope, Noise, VoiceModel
from stemgmd_tools.similarity.distance import Distance


def distances(*mel_db: float, fine_db: float = 3.0) -> list[Distance]:
    return [Distance(mel, 2 * mel, mel / 2, fine_db, 0.5, 0.05, 0.1, 0.1) for mel in mel_db]


def kit(name: str, sound: str, floor: float, *model: float, fit_s: float = 60.0) -> JudgedKit:
    distances_of_one = Distances(
        repeats=distances(floor, floor, fine_db=2.0),
        neighbours=distances(2 * floor),
        model=distances(*model),
        model_repeats=distances(0.9 * floor),
        level_db=[-1.0, 2.0],
        left_out=[1.0, 1.2],
    )
    return JudgedKit(name, {sound: distances_of_one}, fit_s)


def test_each_kit_is_measured_by_its_own_floor() -> None:
    kits = {"salamander": kit("salamander", "tom", 2.0, 2.0, 2.2), "muldjord": kit("muldjord", "tom", 4.0, 4.8, 5.2)}
    rows = {row.what: row for row in fits.rows(kits)}
    mel = rows["mel distance over repeats, tom"]
    assert mel.figure == pytest.approx(np.median([1.0, 1.1, 1.2, 1.3]))
    assert mel.at_most == 1.25
    assert mel.met
    assert mel.low is not None
    assert mel.high is not None
    assert 1.0 <= mel.low <= mel.figure <= mel.high <= 1.3
    assert rows["mel distance over repeats, 90th percentile, tom"].figure == pytest.approx(1.27)
    assert rows["fine over repeats, tom"].figure == pytest.approx(1.5)
    assert rows["fine over repeats, tom"].met is False
    assert rows["layer left out over the next layer, tom"].figure == pytest.approx(1.1)
    assert rows["repeats of the model over repeats, tom"].figure == pytest.approx(0.9)


def test_other_kits_do_not_move_the_rows() -> None:
    kits = {"salamander": kit("salamander", "kick", 2.0, 2.4), "gogodze_phu": kit("gogodze_phu", "kick", 1.0, 9.0)}
    assert {row.what: row for row in fits.rows(kits)}["mel distance over repeats, kick"].figure == pytest.approx(1.2)


def test_without_repeats_there_is_no_figure() -> None:
    lone = kit("salamander", "crash", 2.0, 3.0)
    lone.sounds["crash"].repeats.clear()
    row = {row.what: row for row in fits.rows({"salamander": lone})}["mel distance over repeats, crash"]
    assert row.figure is None
    assert row.met is None
    assert any("-" in line for table in fits.tables({"salamander": lone}) for line in table.rows)


def noise_voice() -> VoiceModel:
    level = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0, 0.15), values=((-25.0, -85.0),))
    slope = BandEnvelope(frequencies_hz=(1000.0,), times_s=(0.0,), values=((6.0,),))
    return VoiceModel(noise=Noise(level_db=level, velocity_db_per_octave=slope), duration_s=0.3)


def test_a_kit_of_noise_is_judged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Layers are left out where four are there, inner ones apart from outer ones."""
    time_s = np.arange(round(0.15 * RATE)) / RATE
    rows = []
    for layer, velocity in enumerate([(1, 30), (31, 60), (61, 90), (91, 127)]):
        files = [f"{layer}_{take}.wav" for take in range(2)]
        for take, file in enumerate(files):
            noise = np.random.default_rng(10 * layer + take).uniform(-1, 1, len(time_s))
            write_sound(tmp_path / file, (0.1 * (layer + 1) * noise * 10 ** (-20 * time_s))[:, None])
        rows.append({"velocity": velocity, "files": files})
    one = load_kit_file(write_map(tmp_path, map_data({"kick": {"layers": rows}})))
    left_out = []

    def without(_kit: object, _name: str, _strokes: object, row: int) -> VoiceModel:
        left_out.append(row)
        return noise_voice()

    monkeypatch.setattr(judged, "fitted_voices", lambda _: FittedVoices({"kick": noise_voice()}, (), 1.0))
    monkeypatch.setattr(judged, "voice_without", without)
    fit = judged_kit(one, draws=1, ends=True, most_left_out=1)
    kick = fit.sounds["kick"]
    assert sorted(left_out) == [0, 2, 3]
    counts = [len(part) for part in (kick.repeats, kick.model, kick.left_out, kick.outermost, kick.level_db)]
    assert counts == [4, 8, 2, 4, 4]
    assert 0.5 < float(np.median(kick.ratios("model", "mel_db"))) < 3.0
    assert len(fits.tables({"toy": fit})) == 3
