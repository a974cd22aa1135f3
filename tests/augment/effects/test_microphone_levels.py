"""Mixing the microphones of recorded kits anew, from files and from a virtual corpus."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from microphone_kits import write_kit
from toy_source import row, toy_example

from stemgmd_tools import RenderSettings, augment_corpus, open_corpus, render_corpus, render_request
from stemgmd_tools.augment.chain.rows import Example
from stemgmd_tools.augment.symbolic.examples import render_example
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.corpus.verify.run import verify_corpus
from stemgmd_tools.errors import AugmentError, UsageError
from stemgmd_tools.kits.sample_map.kit import load_kit_file

ID = "drummer13/session1/7"
NEUTRAL = {"close_db": 0.0, "overhead_db": 0.0, "room_db": 0.0}


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    folder = tmp_path_factory.mktemp("levels")
    kit = str(write_kit(folder / "kit"))
    request = render_request(kits=kit, ids=ID, single_hits=False, settings=RenderSettings(microphones=True))
    render_corpus(folder / "corpus", request, jobs=1)
    return open_corpus(folder / "corpus")


def example() -> Example:
    return toy_example(None, 0, performance=ID, kit="toy")


def test_levels_of_0_db_change_nothing_and_others_mix_the_tracks(corpus: Corpus) -> None:
    stems = corpus.stems(ID, "toy").astype(np.float32) / 32768
    neutral = render_example(corpus, example(), [row("microphone_levels", **NEUTRAL)]).stems
    assert np.array_equal(neutral, stems)

    rows = [row("microphone_levels", **{**NEUTRAL, "room_db": 6.0, "overhead_db": -60.0})]
    roomy = render_example(corpus, example(), rows).stems
    parts = dict(zip(corpus.microphone_names("toy"), corpus.microphone_stems(ID, "toy").astype(float), strict=True))
    expected = parts["close"] + parts["other"] + 10 ** (6 / 20) * parts["room"] + 1e-3 * parts["overhead"]
    np.testing.assert_allclose(roomy, expected / 32768, atol=1e-5)
    assert np.abs(roomy - stems).max() > 0.01


def test_a_virtual_corpus_gives_the_same(corpus: Corpus) -> None:
    kit = load_kit_file(Path(corpus.root.parent / "kit" / "toy.yaml"))
    virtual = VirtualCorpus([corpus.played(ID)], [kit], RenderSettings(microphones=True))
    rows = [row("microphone_levels", stem=1, **{**NEUTRAL, "room_db": -12.0})]
    assert np.array_equal(render_example(virtual, example(), rows).stems, render_example(corpus, example(), rows).stems)
    plain = VirtualCorpus([corpus.played(ID)], [kit])
    with pytest.raises(AugmentError, match="has no tracks of microphones"):
        render_example(plain, example(), rows)


def test_strokes_that_another_effect_changes_are_refused(corpus: Corpus) -> None:
    rows = [row("microphone_levels", **NEUTRAL), row("tempo", rate=1.1)]
    kit = load_kit_file(corpus.root.parent / "kit" / "toy.yaml")
    virtual = VirtualCorpus([corpus.played(ID)], [kit], RenderSettings(microphones=True))
    with pytest.raises(AugmentError, match="cannot be combined with effects that change strokes"):
        render_example(virtual, example(), rows)


def test_the_command_needs_a_corpus_with_microphones(corpus: Corpus, tmp_path: Path) -> None:
    chain = write_chain(
        tmp_path,
        [{"effect": "microphone_levels", "scope": "example", "parameters": {"room_db": {"uniform": [-20, 0]}}}],
    )
    augment_corpus(corpus.root, tmp_path / "roomy", chain=chain, seed=1, jobs=1)
    augmented = open_corpus(tmp_path / "roomy")
    assert not augmented.identity.settings.microphones
    assert verify_corpus(augmented.root, jobs=1).failures == ()
    request = render_request(kits=str(corpus.root.parent / "kit" / "toy.yaml"), ids=ID, single_hits=False)
    render_corpus(tmp_path / "plain", request, jobs=1)
    with pytest.raises(UsageError, match="plain: has no microphones; render it with --microphones"):
        augment_corpus(tmp_path / "plain", tmp_path / "out", chain=chain, seed=1, jobs=1)

    steps = [{"effect": "microphone_levels", "scope": "example"}, {"effect": "damping", "scope": "stem"}]
    steps[1]["parameters"] = {"decay": 0.5}
    with pytest.raises(UsageError, match="microphone_levels cannot be combined with damping"):
        augment_corpus(corpus.root, tmp_path / "out", chain=write_chain(tmp_path, steps), seed=1, jobs=1)


def write_chain(folder: Path, steps: list[object]) -> Path:
    path = folder / "roomy.yaml"
    path.write_text(json.dumps({"schema": "stemgmd-chain/1", "name": "roomy", "description": "x", "steps": steps}))
    return path
