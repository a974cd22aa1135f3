"""A small corpus to explore: three short performances of the starter set through two kits of tones."""

from __future__ import annotations

import pandas as pd
import pytest
from corpora import IDS
from tone_kits import tone_kits

from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.explore.corpus import ExploredCorpus

FLAGS = pd.DataFrame([(IDS[0], "tin", "clipping", "error")], columns=["performance", "kit", "rule", "severity"])


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> VirtualCorpus:
    kits = tone_kits(tmp_path_factory.mktemp("tones"))
    return virtual_corpus(kits=kits, ids=IDS[:3])


@pytest.fixture(scope="session")
def explored(source: VirtualCorpus) -> ExploredCorpus:
    return ExploredCorpus(source, flags=FLAGS)
