"""What fails in the run fails in its dry run, in the same words, and leaves no trace."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path

import click
import pytest
import torch
from click.testing import CliRunner
from toy_kits import toy_kit

from stemgmd_tools.cli.main import stemgmd
from stemgmd_tools.data import shipped
from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.weights.file import save_weights

SMALL = """
model: {options: {width: 8, temporal: 16}}
data: {limit: 2, segment_s: 0.5, min_active: {}, chain: none}
optimizer: {items: 2}
validation: {items: 2}
"""
ABLATE = ("--ablate", "p_original", "--value", "1", "--value", "0:any")


@pytest.fixture
def common(kits, tmp_path: Path) -> list[str]:
    """Return the options of a run of one small step."""
    (tmp_path / "small.yaml").write_text(SMALL, encoding="utf-8")
    given = ("--config", tmp_path / "small.yaml", "--kits", ",".join(kits), "--device", "cpu", "--workers", 0)
    return [*map(str, given), "--out", str(tmp_path / "run"), "--quiet"]


def said(*arguments: str) -> str:
    """Return what the command says when it ends, which it must."""
    result = CliRunner().invoke(stemgmd, ["baseline-train", *arguments], standalone_mode=False)
    assert isinstance(result.exception, StemgmdError | click.ClickException), result.exception or result.output
    return str(result.exception)


def _silent_kit(folder: Path) -> str:
    path = toy_kit(folder)
    (folder / "soft.wav").unlink()
    return str(path)


def _broken_kit(folder: Path) -> str:
    path = toy_kit(folder)
    (folder / "soft.wav").write_bytes(b"<html>not found</html>")
    return str(path)


def _text(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    return str(path)


def _other_weights(path: Path) -> str:
    spec = ModelSpec("larsnet-s", ("kick", "snare", "toms", "hihat", "cymbals"), {"width": 12, "temporal": 16})
    save_weights(path, spec, build(spec), {"kits": ["train"], "related": []})
    return str(path)


FAULTS = {
    "no budget": lambda tmp: ["--config", _text(tmp / "endless.yaml", "budget: {steps: null}")],
    "no such device": lambda _: ["--device", "cuda"],
    "no such kit": lambda _: ["--kits", "bras"],
    "a kit without a file": lambda tmp: ["--kits", _silent_kit(tmp / "silent")],
    "a kit with a damaged file": lambda tmp: ["--kits", _broken_kit(tmp / "broken")],
    "no such kit for the test": lambda _: ["--test-kits", "bras"],
    "no such chain": lambda _: ["--chain", "nope"],
    "a chain that is none": lambda tmp: ["--chain", _text(tmp / "bad.yaml", "steps: [{effect: nope}]")],
    "a chain with a file that is missing": lambda tmp: [
        "--chain",
        _text(
            tmp / "room.yaml",
            "name: room\nsteps:\n  - {effect: convolution, scope: example, parameters: {file: room.wav}}\n",
        ),
    ],
    "no such corpus": lambda tmp: ["--corpus", str(tmp / "nothing")],
    "no such collection": lambda tmp: ["--virtual", str(tmp / "nothing")],
    "no such weights": lambda tmp: ["--weights", str(tmp / "nothing.safetensors")],
    "weights of another size": lambda tmp: ["--weights", _other_weights(tmp / "other.safetensors")],
    "a file for a folder": lambda tmp: ["--out", _text(tmp / "file", "")],
    "a folder below a file": lambda tmp: ["--out", _text(tmp / "file", "") + "/run"],
    "files of someone else": lambda tmp: ["--out", str(Path(_text(tmp / "log.csv", "mine")).parent)],
    "no validation": lambda tmp: ["--virtual", _folder_without_validation(tmp / "gmd")],
}


def _folder_without_validation(folder: Path) -> str:
    shutil.copytree(shipped("manifests") / "starter", folder)
    rows = list(csv.DictReader((folder / "info.csv").open(newline="")))
    with (folder / "info.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        writer.writerows({**row, "split": "train"} for row in rows if "eval_session" not in row["id"])
    return str(folder)


@pytest.mark.parametrize("mode", [(), ABLATE], ids=["one run", "ablation"])
def test_a_chain_that_needs_a_second_kit_fails_in_the_dry_run(mode, common, kits) -> None:
    words = [word if word != ",".join(kits) else kits[0] for word in common]
    words += ["--chain", "larsnet", *mode]
    reported = said(*words, "--dry-run")
    assert "needs another kit than tin" in reported
    assert said(*words) == reported


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("mode", [(), ABLATE], ids=["one run", "ablation"])
def test_what_fails_in_the_run_fails_in_the_dry_run(fault, mode, common, tmp_path) -> None:
    """Ablations vary mixing, in which chains and kits are those of the command."""
    if fault == "no such device" and torch.cuda.is_available():
        pytest.skip("there is one")
    if fault == "files of someone else" and mode:
        pytest.skip("they lie beside the folders of an ablation's runs")
    arguments = [*common, *mode, *FAULTS[fault](tmp_path)]
    budget = [] if fault == "no budget" else ["--steps", "1"]
    arguments += budget
    before = sorted(tmp_path.rglob("*"))
    dry = said(*arguments, "--dry-run")
    assert sorted(tmp_path.rglob("*")) == before
    assert dry == said(*arguments)
    assert "\n" not in dry
