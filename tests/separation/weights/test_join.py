"""Joining weights that were trained for one stem each."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from toy_separators import register_toys

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.errors import UsageError
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.weights.file import load_weights, save_weights, training_kits_of
from stemgmd_tools.separation.weights.join import join_weights
from stemgmd_tools.storage.files import file_sha256

STEMS = ("kick", "snare", "toms")
EACH = ModelSpec("tiny-masks-each", STEMS)


@pytest.fixture(autouse=True)
def _toys(monkeypatch: pytest.MonkeyPatch) -> None:
    register_toys(monkeypatch)


def trained(path: Path, target: tuple[str, ...], spec: ModelSpec = EACH, seed: int = 0) -> Path:
    torch.manual_seed(seed)
    about = {
        "config": {"data": {"target": list(target)}},
        "kits": [f"kit_{seed}"],
        "related": ["muldjord"],
        "license": "Apache-2.0",
    }
    save_weights(path, spec, build(spec), about)
    return path


@pytest.fixture
def paths(tmp_path: Path) -> list[Path]:
    targets = (("snare",), ("kick", "toms"))
    return [trained(tmp_path / f"{seed}.safetensors", target, seed=seed) for seed, target in enumerate(targets)]


def test_every_stem_is_as_of_the_file_that_was_trained_for_it(paths, tmp_path):
    mixture = 0.1 * torch.randn(1, 2, 30_000, generator=torch.Generator().manual_seed(1))
    out = tmp_path / "joined.safetensors"
    assert join_weights(paths, out) == {"kick": paths[1], "snare": paths[0], "toms": paths[1]}
    joined = load_weights(out)
    with torch.inference_mode():
        first, second, joined_sound = (
            model(mixture)[0] for model in (*(load_weights(p).model for p in paths), joined.model)
        )
    assert torch.equal(joined_sound, torch.stack([second[0], first[1], second[2]]))
    assert not torch.equal(first, second)
    kits = training_kits_of(joined.about)
    assert kits is not None
    assert (kits.kits, kits.related) == (("kit_0", "kit_1"), ("muldjord",))
    assert joined.about["license"] == "Apache-2.0"
    assert joined.about["joined"]["snare"]["sha256"] == file_sha256(paths[0])


def test_what_one_of_them_does_not_tell_is_not_told_of_all(paths, tmp_path):
    silent = load_weights(paths[0])
    save_weights(paths[0], silent.spec, silent.model, {"config": {"data": {"target": ["snare"]}}})
    join_weights(paths, tmp_path / "joined.safetensors")
    about = load_weights(tmp_path / "joined.safetensors").about
    assert training_kits_of(about) is None
    assert "license" not in about


def test_what_cannot_be_joined_is_named(paths, tmp_path):
    out = tmp_path / "joined.safetensors"
    again = trained(tmp_path / "again.safetensors", ("kick",))
    wider = trained(tmp_path / "wider.safetensors", ("kick",), ModelSpec("tiny-masks-each", STEMS, {"width": 5}))
    shared = trained(tmp_path / "shared.safetensors", ("kick",), ModelSpec("larsnet-s", STEMS, {"width": 4}))
    whole = trained(tmp_path / "whole.safetensors", ())
    for given, words in (
        ([*paths, again], "again.safetensors: was trained for kick, as .*1.safetensors was; leave one out"),
        (paths[1:], "no file was trained for snare; give one for every stem"),
        ([*paths, wider], "wider.safetensors: is another model than"),
        ([shared], "larsnet-s has no separate network per stem"),
        ([whole], "does not record which stems it was trained for"),
    ):
        with pytest.raises(UsageError, match=words):
            join_weights(given, out)
    assert not out.exists()


def test_the_command_tells_what_is_from_where_and_replaces_nothing(paths, tmp_path):
    words = ["baseline-join", *map(str, paths), "--out", str(tmp_path / "joined.safetensors")]
    result = CliRunner().invoke(stemgmd, words)
    assert result.output.splitlines() == [
        f"kick: {paths[1]}",
        f"snare: {paths[0]}",
        f"toms: {paths[1]}",
        f"weights: {tmp_path / 'joined.safetensors'}",
    ]
    with pytest.raises(UsageError, match="already exists"):
        CliRunner().invoke(stemgmd, words, catch_exceptions=False, standalone_mode=False)
