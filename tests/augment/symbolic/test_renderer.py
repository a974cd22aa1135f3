"""The studio: what no file holds is rendered as the corpus's own files were, with its kits and at its levels."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from toy_kits import layers, map_data, tone, write_map, write_sound
from toy_pool import GROUP_STEMS
from toy_source import PIECE_STEMS, row

from stemgmd_tools import Corpus
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.chain.rows import Example, example_name
from stemgmd_tools.augment.sampling.draw import draw
from stemgmd_tools.augment.sampling.pool import pool_of
from stemgmd_tools.augment.symbolic import renderer
from stemgmd_tools.augment.symbolic.examples import render_example
from stemgmd_tools.augment.symbolic.renderer import Renderer
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import AugmentError, UsageError
from stemgmd_tools.kits.sample_map.kit import load_kit_file
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings

ID = "drummer13/session1/7"
HALF_STEP = 0.5 / 32768
RATE = 22_050
LOUD = "loud"


def write_kit(folder: Path, name: str, peak: float) -> Path:
    pitches = {"kick": 90, "snare_head": 220, "hihat_closed_bow": 5000, "ride_bow": 3000, "mid_tom_head": 150}
    for articulation, hertz in pitches.items():
        write_sound(folder / name / f"{articulation}.wav", tone(hertz=hertz, peak=peak, lead_s=0.001))
    articulations = {articulation: layers(f"{articulation}.wav") for articulation in pitches}
    return write_map(folder, map_data(articulations, name=name, folder=name), name)


@pytest.fixture(scope="module")
def kit_dir(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kits")
    write_kit(folder, "quiet", 0.2)
    write_kit(folder, LOUD, 0.99)  # with three pieces at once: the mixture needs headroom
    return folder


@pytest.fixture(scope="module")
def corpus(kit_dir, tmp_path_factory) -> Corpus:
    source = find_source()
    performances = select(source.read(), Selection(ids=(ID, "drummer11/session1/4")))
    kits = tuple(load_kit_file(kit_dir / f"{name}.yaml") for name in ("quiet", LOUD))
    root = tmp_path_factory.mktemp("corpus") / "corpus"
    settings = RenderSettings(sample_rate=RATE)
    render_corpus(
        root, Request(performances, source.midi(), source.kind.value, kits, settings, single_hits=False), jobs=1
    )
    return Corpus(root)


@pytest.fixture(autouse=True)
def _no_bank_is_open():
    renderer._bank.cache_clear()


@pytest.fixture
def kits_on_path(kit_dir, monkeypatch):
    monkeypatch.setenv("STEMGMD_KITS", str(kit_dir))


def whole(kit: str, stems=PIECE_STEMS) -> Example:
    return Example(example_name(ID, kit, 1), ID, kit, 1, 0, None, stems)


def files(corpus: Corpus, kit: str):
    return corpus.stems(ID, kit).astype(np.float32) / 32768


@pytest.mark.usefixtures("kits_on_path")
@pytest.mark.parametrize("kit", ["quiet", LOUD])
def test_what_is_rendered_anew_is_what_the_files_hold_headroom_included(corpus, kit):
    gain_db = Renderer(corpus).gain_db(ID, kit)
    assert (gain_db < 0.0) == (kit == LOUD)
    rendered = render_example(corpus, whole(kit), [row("tempo", rate=1.0)])
    assert np.abs(rendered.stems - files(corpus, kit)).max() <= HALF_STEP + 1e-6


@pytest.mark.usefixtures("kits_on_path")
def test_files_and_strokes_stand_side_by_side(corpus):
    rendered = render_example(corpus, whole(LOUD), [row("damping", 1, decay=0.5)])
    expected = files(corpus, LOUD)
    others = [stem for stem in range(9) if stem != 1]
    assert np.array_equal(rendered.stems[others], expected[others])
    assert 0.3 < np.square(rendered.stems[1]).sum() / np.square(expected[1]).sum() < 0.9


def test_without_strokes_no_kit_is_needed(corpus, monkeypatch):
    monkeypatch.delenv("STEMGMD_KITS", raising=False)
    rendered = render_example(corpus, whole("quiet"), [row("kit_swap", 0, kit=LOUD)])
    assert np.array_equal(rendered.stems[0], files(corpus, LOUD)[0][:, : rendered.stems.shape[2]])
    with pytest.raises(UsageError, match='no kit "quiet"'):
        render_example(corpus, whole("quiet"), [row("tempo", rate=1.1)])


def test_a_kit_that_is_another_by_now_is_refused(corpus, tmp_path, monkeypatch):
    write_kit(tmp_path, "quiet", 0.3)
    monkeypatch.setenv("STEMGMD_KITS", str(tmp_path))
    with pytest.raises(AugmentError, match=r"kit quiet: found here with content .* the corpus was made with"):
        render_example(corpus, whole("quiet"), [row("tempo", rate=1.1)])


@pytest.mark.usefixtures("kits_on_path")
def test_files_and_no_files_make_the_same_examples_to_the_bit(corpus, kit_dir):
    performances = [corpus.played(name) for name in corpus.performances["performance"]]
    kits = [load_kit_file(kit_dir / f"{name}.yaml") for name in ("quiet", LOUD)]
    virtual = VirtualCorpus(performances, kits, RenderSettings(sample_rate=RATE))
    chain = load_chain("studio")
    for copy in range(1, 4):
        example = whole(LOUD, GROUP_STEMS)._replace(copy=copy, name=example_name(ID, LOUD, copy))
        rows = draw(chain, example, pool_of(virtual), 4)
        assert rows == draw(chain, example, pool_of(corpus), 4)
        one, other = (render_example(source, example, rows) for source in (corpus, virtual))
        assert np.array_equal(one.stems, other.stems)
        assert np.array_equal(one.labels, other.labels)


@pytest.mark.usefixtures("kits_on_path")
def test_an_unknown_kit_is_told(corpus):
    with pytest.raises(AugmentError, match="has no kit brass; its kits: "):
        Renderer(corpus).bank("brass")


@pytest.mark.usefixtures("kits_on_path")
def test_the_studio_chain_over_files_replays_in_another_studio(corpus):
    pool = pool_of(corpus)
    assert {kit.name for kit in pool.kits} == {"quiet", LOUD}
    chain = load_chain("studio")
    renderer = Renderer(corpus)
    kinds = set()
    for copy in range(1, 5):
        example = whole("quiet", GROUP_STEMS)._replace(copy=copy, name=example_name(ID, "quiet", copy), frames=RATE)
        rows = draw(chain, example, pool, 0)
        kinds |= {one.effect for one in rows}
        first = render_example(corpus, example, rows, renderer)
        again = render_example(corpus, example, rows, pickle.loads(pickle.dumps(renderer)))
        assert np.array_equal(first.stems, again.stems)
        assert np.array_equal(first.labels, again.labels)
        assert first.stems.shape == (5, 2, RATE)
    assert kinds >= {"humanise", "tuning", "damping", "kit_swap"}
