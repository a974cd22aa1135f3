"""A small corpus: two short performances of the starter set through one toy kit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from corpora import IDS
from toy_kits import toy_kit

from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings

CHOSEN = Selection(ids=IDS[:2])


@pytest.fixture(scope="session")
def request_of(tmp_path_factory: pytest.TempPathFactory):
    """Return a function that makes a request of settings."""
    kit = load_kit_file(toy_kit(tmp_path_factory.mktemp("kit")))
    source = find_source()
    performances = select(source.read(), CHOSEN)

    def make(**settings: object) -> Request:
        chosen = replace(RenderSettings(), **settings)
        return Request(performances, source.midi(), source.kind.value, [kit], chosen)

    return make


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory, request_of) -> Path:
    """Return a corpus of FLAC files with groups and single hits."""
    root = tmp_path_factory.mktemp("native") / "corpus"
    render_corpus(root, request_of(groups=True, flac_level=1), jobs=1)
    return root
