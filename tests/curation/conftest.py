"""A clean corpus, and a folder of clean songs in which tests plant faults."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from corpora import IDS
from curation_songs import song, write_song
from numpy.typing import NDArray
from toy_kits import toy_kit

from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a corpus of two short performances through a toy kit."""
    root = tmp_path_factory.mktemp("clean") / "corpus"
    kit = load_kit_file(toy_kit(tmp_path_factory.mktemp("kit")))
    source = find_source()
    performances = select(source.read(), Selection(ids=IDS[:2]))
    request = Request(performances, source.midi(), source.kind.value, [kit], RenderSettings(container="wav"))
    render_corpus(root, request, jobs=1)
    return root


@pytest.fixture
def songs(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes a folder of clean songs and one, ``planted``, with given tracks replaced."""

    def write(clean: int = 1, **planted: NDArray[np.float64]) -> Path:
        root = tmp_path / "songs"
        for number in range(clean):
            write_song(root / f"clean{number}", song(number))
        write_song(root / "planted", {**song(99), **planted})
        return root

    return write
