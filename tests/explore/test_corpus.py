"""A corpus on disk looks like the virtual one, and its flags come from the manifest of a curation."""

from __future__ import annotations

from pathlib import Path

import pytest
from corpora import IDS

from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.disk import Corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.explore.clips import read_flags
from stemgmd_tools.explore.corpus import ExploredCorpus
from stemgmd_tools.performances.source import find_source


def test_a_corpus_on_disk(source: VirtualCorpus, explored: ExploredCorpus, tmp_path: Path) -> None:
    origin = find_source()
    request = Request([source.played(IDS[0])], origin.midi(), origin.kind.value, [source.kit("tin")], source.settings)
    render_corpus(tmp_path / "corpus", request, jobs=1)
    table = tmp_path / "curation.csv"
    table.write_text(f"performance,kit,rule,severity\n{IDS[0]},tin,clipping,error\n{IDS[0]},tin,silence,ok\n")
    written = ExploredCorpus(Corpus(tmp_path / "corpus"), flags=read_flags(table))
    assert written.clip(IDS[0], "tin", 0) == explored.clip(IDS[0], "tin", 0)
    assert written.clips.spaced(5) == [(IDS[0], "tin")]
    assert written.title == "corpus"


def test_a_file_that_is_no_curation_is_named(tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("clip\n")
    for name in ("other.csv", "absent.parquet"):
        with pytest.raises(CorpusError, match=name):
            read_flags(tmp_path / name)
