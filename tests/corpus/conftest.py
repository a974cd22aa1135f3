"""A small corpus: four short performances of the starter set through two toy kits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from corpora import IDS, MANY, fresh_copy
from toy_kits import layers, map_data, tone, write_map, write_sound

from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.kits.sample_map.kit import Kit, load_kit_file
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings


def write_kit(folder: Path, name: str, hertz: float, *, peak: float = 0.5, longer: float = 1.0) -> Path:
    """Write a kit whose pieces have tones of their own; hats and crashes can be choked."""
    articulations = {}
    pitches = ("kick", "snare_head", "mid_tom_head", "hihat_closed_bow", "hihat_open_bow", "ride_bow", "crash1_bow")
    for number, articulation in enumerate(pitches, start=1):
        for layer, height in (("soft", 0.1), ("loud", peak)):
            sound = tone(peak=height, hertz=hertz * number, seconds=(0.1 + 0.05 * number) * longer, lead_s=0.001)
            write_sound(folder / name / f"{articulation}_{layer}.wav", sound)
        articulations[articulation] = layers(f"{articulation}_soft.wav", f"{articulation}_loud.wav")
    for articulation, chokes in (("hihat_closed_bow", True), ("hihat_open_bow", False)):
        articulations[articulation] |= {"choke_group": "hihat", "chokes": chokes}
    return write_map(folder, map_data(articulations, name=name, folder=name), name)


@pytest.fixture(scope="session")
def kit_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the sample maps ``tin.yaml`` and ``wood.yaml``."""
    folder = tmp_path_factory.mktemp("kits")
    write_kit(folder, "tin", 331.0)
    write_kit(folder, "wood", 219.0)
    return folder


@pytest.fixture(scope="session")
def kits(kit_dir: Path) -> tuple[Kit, ...]:
    """Return the two toy kits."""
    return tuple(load_kit_file(kit_dir / f"{name}.yaml") for name in ("tin", "wood"))


@pytest.fixture(scope="session")
def loud_kit(kit_dir: Path) -> Kit:
    """Return the kit ``brass``: so loud that performances through it need headroom, and its open hat is choked."""
    return load_kit_file(write_kit(kit_dir, "brass", 270.0, peak=0.99, longer=4.0))


@pytest.fixture(scope="session")
def request_of(kits: tuple[Kit, ...]):
    """Return a function that makes a request: ids, kits, settings."""
    source = find_source()
    everything = source.read()

    def make(
        ids: Sequence[str] = IDS, some: Sequence[Kit] = kits, *, single_hits: bool = False, **settings: object
    ) -> Request:
        performances = select(everything, Selection(ids=tuple(ids)))
        chosen = replace(RenderSettings(), **settings)
        return Request(performances, source.midi(), source.kind.value, some, chosen, single_hits=single_hits)

    return make


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory, request_of) -> Path:
    """Return the reference corpus, with groups and single hits. Read it, never write to it."""
    root = tmp_path_factory.mktemp("finished") / "corpus"
    report = render_corpus(root, request_of(single_hits=True, groups=True), jobs=1)
    assert report.complete
    return root


@pytest.fixture(scope="session")
def grouped(tmp_path_factory: pytest.TempPathFactory, request_of) -> Path:
    """Return the reference corpus without its many single hits. Read it, never write to it."""
    root = tmp_path_factory.mktemp("grouped") / "corpus"
    render_corpus(root, request_of(groups=True), jobs=1)
    return root


@pytest.fixture
def corpus(grouped: Path, tmp_path: Path) -> Path:
    """Return a copy of the reference corpus without single hits to do harm to."""
    return fresh_copy(grouped, tmp_path / "corpus")


@pytest.fixture
def corpus_with_single_hits(finished: Path, tmp_path: Path) -> Path:
    """Return a copy of the reference corpus to do harm to."""
    return fresh_copy(finished, tmp_path / "corpus")


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory, request_of) -> Path:
    """Return the corpus of the default request, rendered by one process. Read it, never write to it."""
    root = tmp_path_factory.mktemp("plain") / "corpus"
    render_corpus(root, request_of(), jobs=1)
    return root


@pytest.fixture(scope="session")
def larger(tmp_path_factory: pytest.TempPathFactory, request_of) -> Path:
    """Return a corpus that takes some seconds to render. Read it, never write to it."""
    root = tmp_path_factory.mktemp("larger") / "corpus"
    render_corpus(root, request_of(MANY), jobs=1)
    return root
