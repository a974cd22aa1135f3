"""Augmented sound has the same bits whatever the processor can do, whichever BLAS it runs and with how many threads."""

from __future__ import annotations

import json
from pathlib import Path

import effect_sounds
import pytest
from corpora import IDS, digests
from processors import MACHINES, only_on_x86_64, printed_under

from stemgmd_tools.augment.catalogue import EFFECTS
from stemgmd_tools.corpus.open import virtual_corpus
from stemgmd_tools.corpus.run import Request, render_corpus
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings

pytestmark = [only_on_x86_64, pytest.mark.slow]

TESTS = str(Path(__file__).parents[1])
EFFECT_SOUNDS = "import sys; sys.path.insert(0, sys.argv[1]); import effect_sounds; effect_sounds.main(sys.argv[2])"
STEMGMD = "import sys; from stemgmd_tools.cli.main import stemgmd; stemgmd(sys.argv[1:])"


def test_every_effect_makes_the_same_bits_on_every_machine(tmp_path):
    given = tmp_path / "given"
    effect_sounds.write_input(given)
    here, *others = [json.loads(printed_under(one, EFFECT_SOUNDS, TESTS, str(given))) for one in MACHINES]
    assert {effect.name for effect in EFFECTS} <= {name.partition(",")[0] for name in here}
    for machine, found in zip(MACHINES[1:], others, strict=True):
        assert [name for name in here if found[name] != here[name]] == [], machine


@pytest.fixture(scope="module")
def rendered(tmp_path_factory, kit_files) -> Path:
    """Return a corpus on disk: a performance through two kits."""
    root = tmp_path_factory.mktemp("rendered") / "corpus"
    source = find_source()
    performances = select(source.read(), Selection(ids=IDS[:1]))
    kits = [virtual_corpus(kits=[path]).kit(Path(path).stem) for path in kit_files]
    render_corpus(root, Request(performances, source.midi(), source.kind.value, kits, RenderSettings()), jobs=1)
    return root


@pytest.mark.parametrize("chain", ["larsnet", "studio"])
def test_an_augmented_corpus_has_the_same_bytes_on_every_machine(tmp_path, rendered, kit_files, chain):
    written = []
    for number, machine in enumerate(MACHINES):
        out = tmp_path / str(number)
        options = ["--chain", chain, "--copies", "2", "--seed", "1", "--jobs", "1", "--device", "cpu", "--quiet"]
        kits = ["--kit-path", str(Path(kit_files[0]).parent)]
        printed_under(machine, STEMGMD, "augment", str(rendered), *options, *kits, "--out", str(out))
        written.append(digests(out))
    for machine, found in zip(MACHINES[1:], written[1:], strict=True):
        assert [name for name in written[0] if found.get(name) != written[0][name]] == [], machine
