"""A model of another distribution is listed, documented, trained and used like the models that ship."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import soundfile
from tone_kits import tone_kits
from toy_package import ToyPackage, install

GROUP = "stemgmd_tools.separation.models"
SOURCE = """
import torch
from torch import nn

from stemgmd_tools.separation.networks.registry import Model, ModelOption
from stemgmd_tools.separation.networks.separator import MaskSeparator
from stemgmd_tools.separation.networks.stft import Spectrogram


class Toy(MaskSeparator):
    def __init__(self, stems, width: int = 4) -> None:
        super().__init__(stems, Spectrogram(512, 256))
        self.layers = nn.Sequential(nn.Conv2d(2, width, 3, padding=1), nn.Conv2d(width, 2 * len(stems), 1))

    def masks(self, spectra):
        return torch.sigmoid(self.layers(spectra.abs())).unflatten(1, (len(self.stems), 2))


MODEL = Model(Toy, "two convolutions", "none", (ModelOption("width", "channels in between"),))
"""
ASK = """
import json, sys
from click.testing import CliRunner
from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.separation.training.settings.schema import TrainConfig

help_text = CliRunner().invoke(stemgmd, ["baseline-train", "--help"]).output
schema = TrainConfig.model_json_schema(by_alias=True)["$defs"]["ModelConfig"]["properties"]["name"]["enum"]
lean = "torch" not in sys.modules
sys.path.insert(0, "docs")
import generate

docs = generate.models() + generate.model_options()
train, separate = json.loads(sys.argv[1])
for command in (train, separate):
    result = CliRunner().invoke(stemgmd, command, catch_exceptions=False)
    assert result.exit_code == 0, result.output
print(json.dumps({"help": help_text, "schema": schema, "lean": lean, "docs": docs}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> ToyPackage:
    return install(tmp_path_factory.mktemp("package"), GROUP, SOURCE, "toy_model")


def test_a_model_needs_one_module(package: ToyPackage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STEMGMD_GMD", raising=False)
    config = {
        "data": {"kits": list(tone_kits(tmp_path)), "test_kits": [], "limit": 2, "segment_s": 0.3, "chain": "none"},
        "optimizer": {"items": 2},
        "validation": {"items": 0},
    }
    (tmp_path / "config.yaml").write_text(json.dumps(config))
    soundfile.write(tmp_path / "drums.wav", np.zeros((4_000, 2)), 44_100)
    run, stems = tmp_path / "run", tmp_path / "stems"
    words = f"--config {tmp_path / 'config.yaml'} --model toy-model --steps 1 --workers 0 --device cpu --quiet"
    train = ["baseline-train", *words.split(), "--out", str(run)]
    separate = [
        "separate",
        str(tmp_path / "drums.wav"),
        "--weights",
        str(run / "last.safetensors"),
        "--out",
        str(stems),
    ]
    answer = json.loads(package.python("-c", ASK, json.dumps([train, separate])).stdout.splitlines()[-1])
    assert "toy-model" in answer["help"]
    assert "toy-model" in answer["schema"]
    assert answer["lean"], "listing models imports torch"
    assert "| `toy-model` | two convolutions | 0.00 M | yes | no | none |" in answer["docs"]
    assert "| `toy-model` | `width` | 4 | channels in between |" in answer["docs"]
    assert soundfile.info(stems / "drums" / "kick.wav").frames == 4_000


def test_the_model_of_the_benchmark_is_a_distribution_of_its_own(tmp_path: Path) -> None:
    folder = Path(__file__).parents[3] / "benchmarks" / "larsnet_xs"
    assert f'[project.entry-points."{GROUP}"]\nlarsnet_xs = "larsnet_xs"' in (folder / "pyproject.toml").read_text()
    package = install(tmp_path, GROUP, (folder / "larsnet_xs.py").read_text(), "larsnet_xs")
    code = (
        "from stemgmd_tools.separation.networks.registry import ModelSpec, build\n"
        "from stemgmd_tools.separation.networks.separator import parameter_count\n"
        "print(parameter_count(build(ModelSpec('larsnet-xs', ('kick', 'snare', 'toms', 'hihat', 'cymbals')))))"
    )
    assert package.python("-c", code).stdout.strip() == "1617845"


def test_a_name_that_is_taken_is_refused(tmp_path: Path) -> None:
    package = install(tmp_path, GROUP, SOURCE, "larsnet")
    result = package.python(
        "-c", "from stemgmd_tools.separation.networks.registry import model_names; model_names()", check=False
    )
    assert "stemgmd_tools.separation.models.larsnet has the same name" in result.stderr
