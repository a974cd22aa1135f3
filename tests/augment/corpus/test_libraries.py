"""Versions of what computes the sound: recorded, told where they differ, never mixed in one corpus."""

from __future__ import annotations

from dataclasses import replace
from importlib.metadata import version

import pytest

from stemgmd_tools.augment.chain.manifest_rows import STEM_NAMES, Drawn
from stemgmd_tools.augment.chain.rows import Example
from stemgmd_tools.augment.corpus import libraries as module
from stemgmd_tools.augment.corpus.libraries import environment_difference, libraries
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.version import __version__

HERE = Augmentation("studio", "ab" * 32, 7, "cpu", "numpy 2.0.0, torch 2.13.0")
EXAMPLE = Example("d/1+tin+1", "d/1", "tin", 1, 0, None, STEM_NAMES)


def test_they_are_those_that_are_installed():
    plain, board = libraries(["saturation"]), libraries(["saturation", "gsm_compression"])
    assert plain.split(", ") == [f"{name} {version(name)}" for name in ("numpy", "scipy", "soxr", "torch")]
    pytest.importorskip("pedalboard")
    assert board.split(", ")[1] == f"pedalboard {version('pedalboard')}"


def test_what_rows_name_is_named_again_if_it_is_here(monkeypatch):
    monkeypatch.setattr(module, "_version", {"numpy": "2.1", "torch": "2.9", "pedalboard": "0.9"}.get)
    assert libraries([]) == "numpy 2.1, torch 2.9"
    assert libraries([], "pedalboard 0.8, julius 0.2, torch 2.8") == "numpy 2.1, pedalboard 0.9, torch 2.9"


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({}, __version__, None),
        ({"libraries": ""}, __version__, None),
        ({"libraries": "torch 2.12.1, numpy 2.0.0"}, __version__, "with torch 2.12.1, this run has torch 2.13.0: "),
        ({"device": "cuda"}, __version__, "with device cuda, this run has device cpu: "),
        ({}, "0.0.1", f"with stemgmd-tools 0.0.1, this run has stemgmd-tools {__version__}: "),
    ],
)
def test_a_difference_is_one_line(change, code, words):
    note = environment_difference(Drawn(EXAMPLE, (), replace(HERE, **change), code), HERE)
    assert (note is None) == (words is None)
    assert note is None or words in note
