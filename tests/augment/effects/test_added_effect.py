"""An effect that another distribution declares in one module is in every place where effects are named."""

from __future__ import annotations

from pathlib import Path

import pytest
from midi_files import midi_file, on
from toy_package import ToyPackage, install

from stemgmd_tools.corpus.sources.open import open_corpus

pytest.importorskip("torch")

GROUP = "stemgmd_tools.augment.effects.audio"
RECTIFIER = """
from stemgmd_tools.augment.chain.effect import STEMS, AudioEffect, Parameter

def half_wave(audio, *, share):
    return audio - share.to(audio)[:, None, None] * audio.clamp(max=0)

SHARE = Parameter("share", "share of the negative half that is removed", "", 0.0, 1.0, typical=0.5)
EFFECTS = (AudioEffect("half_wave", "Rectifies.", half_wave, (SHARE,), STEMS),)
"""
CHAIN = """schema: stemgmd-chain/1
name: rectified
description: rectifies everything
steps:
  - effect: {}
    scope: example
    parameters: {{share: 1}}
"""
NAMED = """
import sys
from stemgmd_tools.augment.chain.chain import schema_text
from stemgmd_tools.augment.chain.docs import effects_reference
assert '"half_wave"' in schema_text()
assert "torch" not in sys.modules
print(*(line for line in effects_reference().splitlines() if "half_wave" in line))
"""
IMPORTED = "import stemgmd_tools.augment.chain.catalogue"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ToyPackage:
    return install(tmp_path_factory.mktemp("toy"), GROUP, RECTIFIER)


def test_schema_and_docs_name_it(package: ToyPackage) -> None:
    row = package.python("-c", NAMED).stdout.strip()
    parameter = "`share`: share of the negative half that is removed; 0 .. 1"
    assert row == f"| `half_wave` | Rectifies. | example, stem, target | {parameter} |"


def test_a_chain_applies_it(package: ToyPackage, tmp_path: Path, kit_files: tuple[str, ...]) -> None:
    performance = tmp_path / "bar.mid"
    performance.write_bytes(midi_file([on(0, 36), on(240, 38), on(480, 36)]))
    chain = tmp_path / "rectified.yaml"
    out = tmp_path / "out"
    words = ["augment", "--midi", str(performance), "--kits", kit_files[0], "--chain", str(chain), "--out", str(out)]
    chain.write_text(CHAIN.format("half_wav"))
    refused = package.run(*words, "--jobs", "1", "--quiet", check=False)
    assert refused.returncode == 1
    assert 'unknown effect "half_wav" (did you mean "half_wave"?); known: hit_drop, ' in refused.stderr
    chain.write_text(CHAIN.format("half_wave"))
    package.run(*words, "--jobs", "1", "--quiet")
    corpus = open_corpus(out)
    (name,) = corpus.performances["performance"]
    stems = corpus.stems(name, corpus.kits["kit"][0])
    assert stems.max() > 1000
    assert stems.min() >= 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("share):", "portion):"), "effect half_wave: its function lacks the argument share"),
        (
            ("share):", "share, names):"),
            "effect half_wave: names is no parameter; its function may ask for onsets, sample_rate",
        ),
        ((", typical=0.5", ""), "effect half_wave: share needs a default or a typical value"),
        (
            ('"half_wave", "', '"gain", "'),
            "effect gain: declared by stemgmd_tools.augment.effects.audio.gain and by toy_",
        ),
    ],
)
def test_a_wrong_declaration_is_refused(tmp_path: Path, change: tuple[str, str], message: str) -> None:
    wrong = RECTIFIER.replace(*change)
    assert wrong != RECTIFIER
    result = install(tmp_path, GROUP, wrong).python("-c", IMPORTED, check=False)
    assert result.returncode
    assert message in result.stderr
