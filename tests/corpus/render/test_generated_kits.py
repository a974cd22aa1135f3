"""A corpus from kits that are a name: complete, resumed, verified, with what was drawn in its manifest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from corpora import digests
from toy_models import write_toy_models

import stemgmd_tools as stemgmd
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.performances.source import find_source


@pytest.fixture(scope="module")
def toys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_toy_models(tmp_path_factory.mktemp("toys"))


def test_a_corpus_of_random_kits(toys: Path, tmp_path: Path) -> None:
    kits = stemgmd.load_kits("random:3..4:from=one+other", "morph:one+third:0.5", kit_path=[toys])
    performance = stemgmd.load_performances(ids=("drummer13/session1/7",))
    request = stemgmd.Request(
        performance, find_source().midi(), "starter", kits, stemgmd.RenderSettings(), single_hits=False
    )
    first = replace(request, kits=kits[:1])
    root, other = tmp_path / "corpus", tmp_path / "other"
    stemgmd.render_corpus(root, first, jobs=1)
    report = stemgmd.render_corpus(root, request, jobs=2)
    assert (report.rendered, report.complete) == (2, True)
    again = stemgmd.render_corpus(root, replace(request, kits=tuple(reversed(kits))), jobs=1)
    assert again.rendered == 0
    assert not stemgmd.verify_corpus(root).failures
    stemgmd.render_corpus(other, request, jobs=1)
    assert digests(other) == digests(root)
    (root / ".stemgmd" / "kits" / f"{kits[0].name}.record").unlink()
    assert stemgmd.render_corpus(root, request, jobs=1).rendered == 0
    assert digests(other) == digests(root)

    corpus = stemgmd.Corpus(root)
    rows = corpus.kits.set_index("kit")
    assert sorted(rows.index) == sorted(kit.name for kit in kits)
    assert rows.loc["morph_one_third_0500", "origin"] == "morph:one+third:0.5"
    assert rows.loc["morph_one_third_0500", "parents"] == "one third"
    assert rows.loc["morph_one_third_0500", "measured_on"] == "one_recorded third_recorded"
    assert rows["kit_split"].isna().all()
    for kit in kits:
        assert kit.map.origin is not None
        assert corpus.figures.loc[kit.name].dropna().to_dict() == kit.map.origin.figures


def test_figures_of_a_corpus_without_made_kits_are_none(toys: Path, tmp_path: Path) -> None:
    performance = stemgmd.load_performances(ids=("drummer13/session1/7",))
    kits = (load_kit("one", [toys]),)
    request = stemgmd.Request(
        performance, find_source().midi(), "starter", kits, stemgmd.RenderSettings(), single_hits=False
    )
    stemgmd.render_corpus(tmp_path, request, jobs=1)
    assert stemgmd.Corpus(tmp_path).figures.empty
