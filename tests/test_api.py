"""The toolkit from Python, as the README shows it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import soundfile
from toy_kits import toy_kit
from toys import toy_bank

import stemgmd_tools
from stemgmd_tools import Hit, Performance, RenderSettings, StemgmdError


def test_every_public_name_is_there():
    for name in stemgmd_tools.__all__:
        assert getattr(stemgmd_tools, name) is not None
    assert set(stemgmd_tools.__all__) <= set(dir(stemgmd_tools))


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = stemgmd_tools.nothing


def test_importing_the_package_alone_is_light():
    code = "import sys, stemgmd_tools; print([m for m in ('numpy', 'pandas', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_without_any_configuration_there_is_the_starter_set(monkeypatch):
    performances = stemgmd_tools.load_performances()
    assert len(performances) >= 20
    assert [p.id for p in stemgmd_tools.load_performances(limit=3)] == [
        p.id for p in stemgmd_tools.load_performances(limit=3)
    ]
    assert {p.metadata["split"] for p in stemgmd_tools.load_performances(splits=("test",))} == {"test"}


def test_kits_by_group_and_by_name():
    assert len(stemgmd_tools.load_kits()) == 10
    assert len(stemgmd_tools.load_kits("train")) == 6
    assert stemgmd_tools.load_kits("cedar_hall")[0].name == "cedar_hall"
    with pytest.raises(StemgmdError, match="cedar_hall"):
        stemgmd_tools.load_kits("cedarhall")


def test_rendering_through_an_open_bank():
    bank = toy_bank()
    performance = Performance(id="one", hits=[Hit(0.1, 38, 100)], duration_s=0.5)
    stems = stemgmd_tools.render(performance, bank, RenderSettings(sample_format="int24"))
    assert stems.pcm.shape == (9, 2, stems.frames)
    assert stems.bit_depth == 24
    assert np.array_equal(stems.mixture, stems["snare"])


def test_what_names_no_kit_or_no_mapping_is_refused():
    performance = Performance(id="one", hits=[Hit(0.1, 38, 100)], duration_s=0.5)
    with pytest.raises(StemgmdError, match="train"):  # a group, not a kit
        stemgmd_tools.render(performance, "train")
    with pytest.raises(StemgmdError, match="mapping is 'roland'; allowed: td11, gm"):
        stemgmd_tools.load_performances(mapping="roland")


def test_a_request_has_one_mapping(tmp_path: Path):
    kit = str(toy_kit(tmp_path / "toy"))
    song = tmp_path / "song.mid"
    stemgmd_tools.load_performances(limit=1)[0].to_pretty_midi().write(str(song))
    assert stemgmd_tools.render_request(kits=kit, midi=song, mapping="gm").settings.mapping == "gm"
    assert stemgmd_tools.render_request(kits=kit, mapping="stemgmd").settings.mapping == "stemgmd"
    settings = stemgmd_tools.RenderSettings(mapping="gm")
    assert stemgmd_tools.render_request(kits=kit, midi=song, settings=settings).settings == settings
    with pytest.raises(StemgmdError, match="goes with --midi"):
        stemgmd_tools.render_request(kits=kit, settings=settings)


def test_a_corpus_is_rendered_and_augmented_by_two_calls(tmp_path: Path):
    kit = str(toy_kit(tmp_path / "toy"))
    request = stemgmd_tools.render_request(kits=kit, ids="drummer13/session1/[57]", single_hits=False)
    report = stemgmd_tools.render_corpus(tmp_path / "corpus", request, jobs=1)
    assert (report.rendered, report.complete) == (4, True)
    pytest.importorskip("torch")
    words = {"chain": "none", "copies": 2, "ids": "*/7", "jobs": 1}
    assert stemgmd_tools.augment_corpus(tmp_path / "corpus", tmp_path / "augmented", **words, seed=3).complete
    corpus = stemgmd_tools.open_corpus(tmp_path / "augmented")
    assert len(corpus.performances) == 2
    with pytest.raises(StemgmdError, match="augmentation seed"):
        stemgmd_tools.augment_corpus(tmp_path / "corpus", tmp_path / "augmented", **words, seed=4)


def _loop() -> np.ndarray:
    bank = toy_bank()
    performance = Performance(id="loop", hits=[Hit(0.1, 36, 100), Hit(0.4, 38, 90)], duration_s=1.0)
    return stemgmd_tools.render(performance, bank).mixture[:, :44_100].astype(np.float32) / 32768


def test_a_sound_in_memory_and_in_a_file_is_separated_alike(tmp_path: Path):
    pytest.importorskip("torch")
    loop = _loop()
    separated = stemgmd_tools.separate(loop, 44_100, mixture_consistent=True, device="cpu")
    assert list(separated.stems) == ["kick", "snare", "toms", "hihat", "cymbals"]
    assert separated.sample_rate == 44_100
    assert {stem.shape for stem in separated.stems.values()} == {loop.shape}
    assert np.abs(sum(separated.stems.values()) - loop).max() < 2**-22  # float32 sums of integers of 24 bits
    soundfile.write(tmp_path / "loop.wav", loop.T, 44_100, subtype="FLOAT")
    from_file = stemgmd_tools.separate(tmp_path / "loop.wav", mixture_consistent=True, device="cpu")
    assert all(np.array_equal(from_file.stems[name], stem) for name, stem in separated.stems.items())
    mono = stemgmd_tools.separate(loop[0, :22_050], 22_050, device="cpu")
    assert {stem.shape for stem in mono.stems.values()} == {(22_050,)}


@pytest.mark.parametrize(
    ("sound", "rate", "message"),
    [
        (np.zeros((44_100, 2)), 44_100, r"shape \(44100, 2\); give \(1 or 2 channels, frames\)"),
        (np.zeros((2, 9), np.int16), 44_100, "samples are int16; give floats of full scale 1"),
        (np.zeros((2, 9)), None, "samples need a sample_rate"),
        (np.full((1, 9), np.nan), 44_100, "no finite number"),
        ("none.wav", 44_100, "none.wav: is a file, which has a sample rate of its own"),
        ("none.wav", None, "none.wav"),
    ],
)
def test_what_is_no_sound_is_refused(sound, rate, message):
    pytest.importorskip("torch")
    with pytest.raises(StemgmdError, match=message):
        stemgmd_tools.separate(sound, rate, device="cpu")


def test_shipped_weights_are_evaluated_on_test_performances(tmp_path: Path):
    pytest.importorskip("torch")
    source = stemgmd_tools.virtual_corpus(kits=str(toy_kit(tmp_path / "toy")))
    table = stemgmd_tools.evaluate(source, limit=1, max_s=1.0, device="cpu")
    assert table["stem"].tolist() == ["kick", "snare", "toms", "hihat", "cymbals"]
    assert table["split"].unique().tolist() == ["test"]
    assert table["method"].unique().tolist() == ["larsnet-s"]


def test_settings_of_a_training_are_checked(tmp_path: Path):
    pytest.importorskip("torch")
    with pytest.raises(StemgmdError, match='no preset "gpu"'):
        stemgmd_tools.train(tmp_path / "run", preset="gpu")
    with pytest.raises(StemgmdError, match="settings: budget"):
        stemgmd_tools.train(tmp_path / "run", settings={"budget": {"steps": "many"}})
    assert not (tmp_path / "run").exists()


def test_a_kit_without_recordings_is_not_fitted(tmp_path: Path):
    with pytest.raises(StemgmdError, match="cedar_hall"):
        stemgmd_tools.fit_kit("cedar_hall", tmp_path / "copy.yaml")


@pytest.mark.parametrize(("name", "extra"), [("separate", "baseline"), ("augment_corpus", "augment")])
def test_a_function_whose_extra_is_missing_names_it(name, extra):
    code = (
        "import sys\n"
        "class Refuse:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name == 'torch':\n"
        "            raise ModuleNotFoundError('No module named torch', name=name)\n"
        "sys.meta_path.insert(0, Refuse())\n"
        f"try:\n    from stemgmd_tools import {name}\n"
        "except ModuleNotFoundError as error:\n    print(error)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"stemgmd_tools.{name} needs torch: pip install 'stemgmd-tools[{extra}]'\n"


@pytest.mark.real
def test_real_performances_are_filtered(gmd_dir):
    performances = stemgmd_tools.load_performances(gmd_dir, styles=("jazz",), bpm_min=150, limit=4)
    assert len(performances) == 4
    assert all(p.metadata["bpm"] >= 150 for p in performances)
