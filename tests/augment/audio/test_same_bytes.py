"""Augmented sound has the same bits whatever the processor can do, whichever BLAS it runs and with how many threads."""

from __future__ import annotations

import json
from pathlib import Path

import effect_sounds
import pytest
from corpora import IDS, digests
from processors import MACHINES, only_on_x86_64, printed_under

from stemgmd_tools.augment.chain.catalogue import EFFECTS
from stemgmd_tools.corpus.render.run import Request, render_corpus
from stemgmd_tools.corpus.sources.open import virtual_corpus
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.source import find_source
from stemgmd_tools.rendering.settings import RenderSettings

pytestmark = [only_on_x86_64, pytest.mark.slow]

HELPERS = str(Path(__file__).parents[2] / "helpers")
EFFECT_SOUNDS = "import sys; sys.path.insert(0, sys.argv[1]); import effect_sounds; effect_sounds.main(sys.argv[2])"
TRANSFORMS = """
import hashlib
import numpy as np
import torch
from stemgmd_tools.augment.audio.signal.lti import good_length
from stemgmd_tools.augment.audio.signal.portable import irfft, rfft
from stemgmd_tools.augment.audio.signal.resample import OVERLAP, _smooth_numbers

wanted = np.geomspace(2, 1 << 18, 2000).astype(int).tolist()
lengths = sorted({*map(good_length, wanted), *(OVERLAP * number for number in _smooth_numbers())})
sound = torch.from_numpy(np.random.default_rng(1).integers(-(1 << 15), 1 << 15, lengths[-1]).astype(np.float32))
for length in lengths:
    spectrum = rfft(sound[:length])
    bits = spectrum.numpy().tobytes() + irfft(spectrum.clone(), length).numpy().tobytes()
    print(length, hashlib.sha256(bits).hexdigest()[:12])
"""
STEMGMD = "import sys; from stemgmd_tools.cli.main import stemgmd; stemgmd(sys.argv[1:])"


def test_every_effect_makes_the_same_bits_on_every_machine(tmp_path):
    given = tmp_path / "given"
    effect_sounds.write_input(given)
    here, *others = [json.loads(printed_under(one, EFFECT_SOUNDS, HELPERS, str(given))) for one in MACHINES]
    assert {effect.name for effect in EFFECTS} <= {name.partition(",")[0] for name in here}
    for machine, there in zip(MACHINES[1:], others, strict=True):
        assert [name for name in here if there[name] != here[name]] == [], machine


def test_transforms_of_every_length_have_the_same_bits():
    here, *others = [printed_under(one, TRANSFORMS).splitlines() for one in MACHINES]
    assert len(here) > 500
    for machine, there in zip(MACHINES[1:], others, strict=True):
        assert [one for one, other in zip(here, there, strict=True) if one != other] == [], machine


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
    for machine, there in zip(MACHINES[1:], written[1:], strict=True):
        assert [name for name in written[0] if there.get(name) != written[0][name]] == [], machine
