"""Corpora of more than 16 bits, augmented: their format is kept, sums stay exact, rows make them again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from corpora import IDS, digests

from stemgmd_tools.audio import read_pcm
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.chain.manifest_rows import read_drawn
from stemgmd_tools.augment.corpus.run import AugmentRequest
from stemgmd_tools.augment.corpus.verify_corpus import verify_corpus
from stemgmd_tools.augment.symbolic.source_spec import SourceSpec
from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.folder.identity import Augmentation
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.open import open_corpus, virtual_corpus
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings

SUBTYPES = {("flac", "int24"): "PCM_24", ("wav", "int24"): "PCM_24", ("wav", "float32"): "FLOAT"}
SELECTION = Selection(ids=IDS[:1])


@pytest.fixture(scope="module", params=SUBTYPES, ids="-".join)
def rendered(request, tmp_path_factory, kit_files) -> Path:
    """Return a corpus of one performance through two kits, with groups."""
    container, sample_format = request.param
    root = tmp_path_factory.mktemp("rendered") / "corpus"
    source = find_source()
    kits = [virtual_corpus(kits=[path]).kit(Path(path).stem) for path in kit_files]
    settings = RenderSettings(container=container, sample_format=sample_format, groups=True)
    performances = select(source.read(), SELECTION)
    render_corpus(root, Request(performances, source.midi(), "starter", kits, settings, single_hits=False), jobs=1)
    return root


def augment(root: Path, source: Path, chain: str, copies: int) -> Path:
    loaded = load_chain(chain)
    augmentation = Augmentation(loaded.name, loaded.hash, 1, "cpu")
    wanted = AugmentRequest(SourceSpec(source), "starter", augmentation, loaded, copies, ("tin",), SELECTION)
    render_corpus(root, wanted, jobs=1)
    return root


def test_nothing_done_is_every_bit_of_it(rendered, tmp_path):
    before, after = open_corpus(rendered), open_corpus(augment(tmp_path / "out", rendered, "none", 1))
    stems = before.stems(IDS[0], "tin")
    assert np.array_equal(after.stems(f"{IDS[0]}+tin+1", "tin"), stems)
    assert (stems & 0xFF).any()  # more than 16 bits of it are used


def test_the_format_is_kept_sums_are_exact_and_rows_make_it_again(rendered, tmp_path):
    root = augment(tmp_path / "out", rendered, "larsnet", 2)
    assert verify_corpus(root, jobs=1).failures == ()
    settings = open_corpus(rendered).identity.settings
    assert open_corpus(root).identity.settings == settings
    for _, tracks in open_corpus(root).tracks.groupby(["performance", "kit"]):
        paths = dict(zip(tracks["track"], tracks["path"], strict=True))
        assert {soundfile.info(root / path).subtype for path in paths.values()} == {
            SUBTYPES[settings.container, settings.sample_format]
        }
        sound = {name: read_pcm(root / path)[0].astype(np.int64) for name, path in paths.items()}
        stems = list(sound.values())[:9]
        for name in set(paths) - set(list(paths)[:9]):
            assert np.array_equal(sound[name], sum(stems[axis] for axis in layout.axes_of(name))), name
    given = read_drawn(root / "manifests" / "augmentations.csv")
    render_corpus(
        tmp_path / "again",
        AugmentRequest(SourceSpec(rendered), "starter", given[0].augmentation, replayed=given),
        jobs=1,
    )
    ours, theirs = (
        {path: digest for path, digest in digests(folder).items() if not path.startswith(".stemgmd")}
        for folder in (tmp_path / "again", root)
    )
    assert ours == theirs
