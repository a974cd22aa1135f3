"""The toolkit from Python, as the README shows it."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
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


@pytest.mark.real
def test_real_performances_are_filtered(gmd_dir):
    found = stemgmd_tools.load_performances(gmd_dir, styles=("jazz",), bpm_min=150, limit=4)
    assert len(found) == 4
    assert all(p.metadata["bpm"] >= 150 for p in found)
