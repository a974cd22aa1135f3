"""The command: what its options mean, and that it trains."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner
from tone_kits import tone_kits

from stemgmd_tools.cli.baseline.train import baseline_train
from stemgmd_tools.data import shipped
from stemgmd_tools.errors import TrainingError, UsageError
from stemgmd_tools.performances.source import STARTER
from stemgmd_tools.separation.training.settings.files import read_config
from stemgmd_tools.separation.weights.file import load_weights

SMALL = """
model: {options: {width: 8, temporal: 16}}
data: {segment_s: 0.5, min_active: {}, chain: none, limit: 4}
optimizer: {items: 2}
validation: {items: 2}
"""


def invoke(*arguments: str):
    return CliRunner().invoke(baseline_train, [*map(str, arguments)], catch_exceptions=False, standalone_mode=False)


@pytest.fixture
def small(tmp_path):
    file = tmp_path / "small.yaml"
    file.write_text(SMALL, encoding="utf-8")
    return file


def test_it_trains_and_goes_on_as_a_program(kits, small, tmp_path):
    command = [sys.executable, "-m", "stemgmd_tools.cli.main", "baseline-train", "--config", str(small)]
    command += ["--kits", ",".join(kits), "--test-kits", "heldout", "--device", "cpu", "--workers", "0"]
    command += ["--out", str(tmp_path / "run")]
    for steps in (2, 3):
        done = subprocess.run([*command, "--steps", str(steps)], capture_output=True, text=True, check=True)
        assert re.search(rf"run: {steps} steps, validation -?\d+\.\d\d dB at step", done.stdout)
    assert "resuming at step 2" in done.stderr
    weights = load_weights(tmp_path / "run" / "best.safetensors")
    assert weights.spec.model == "larsnet-s"
    assert weights.about["config"]["data"]["chain"] == "none"
    assert "gmd" not in weights.about["config"]["data"]
    assert read_config(tmp_path / "run" / "config.yaml").model.options == {"width": 8, "temporal": 16}


def test_the_documented_torchrun_starts_and_one_process_speaks(kits, small):
    """Without the dashes torchrun takes --virtual for one of its own options."""
    torchrun = [
        sys.executable,
        "-m",
        "torch.distributed.run",
        "--nproc-per-node",
        "2",
        "--master-port",
        "0",
        "-m",
        "--",
    ]
    command = [
        "stemgmd_tools.cli.main",
        "baseline-train",
        "--virtual",
        shipped("manifests") / STARTER,
        "--kits",
        ",".join(kits),
    ]
    options = ["--config", small, "--steps", "1", "--dry-run"]
    done = subprocess.run([*torchrun, *command, *map(str, options)], capture_output=True, text=True, check=True)
    assert done.stdout.count("nothing leaks") == 1


def test_options_become_settings(kits, small):
    done = invoke(
        "--kits", ",".join(kits), "--config", small, "--p-original", "0.5", "--time-budget", "1h30m", "--dry-run"
    )
    assert "budget: {steps: null, time_s: 5400.0}" in done.output
    assert "p_original: 0.5" in done.output
    assert "min_active: {}" in done.output
    assert "nothing leaks" in done.output


def test_p_original_changes_one_knob_of_the_files_mix_or_takes_it_away(kits, tmp_path):
    file = tmp_path / "mix.yaml"
    file.write_text("data: {mix: {p_original: 0.2, scope: kit_swap}}", encoding="utf-8")
    common = ("--kits", ",".join(kits), "--config", file, "--dry-run")
    half = invoke(*common, "--p-original", "0.5")
    assert "p_original: 0.5" in half.output
    assert "scope: kit_swap" in half.output
    assert "mix: null" in invoke(*common, "--p-original", "1").output
    assert "p_original: 0.2" in invoke(*common).output


def test_leaks_and_contradictions_are_refused(kits, small):
    with pytest.raises(TrainingError, match="leak: kit tin is kept for the test"):
        invoke("--kits", ",".join(kits), "--test-kits", kits[0], "--dry-run")
    with pytest.raises(UsageError, match="--steps and --time-budget"):
        invoke("--steps", "3", "--time-budget", "3m")
    with pytest.raises(UsageError, match="require --ablate"):
        invoke("--value", "3")
    with pytest.raises(Exception, match="'soon' is not a duration"):
        invoke("--time-budget", "soon")


def test_a_folder_of_recorded_kits_is_kept_for_the_test(kits, small, tmp_path, monkeypatch):
    (map_path,) = tone_kits(tmp_path / "mine", {"recorded_here": 150.0})
    folder = Path(map_path).parent
    common = ("--kits", ",".join(kits), "--config", small, "--dry-run")
    assert "test_kits: [heldout, recorded_here]" in invoke(*common, "--test-kits", folder).output
    assert (
        "test_kits: [amber_parlour, recorded_here]" in invoke(*common, "--test-kits", f"{folder},amber_parlour").output
    )
    with pytest.raises(TrainingError, match="leak: kit recorded_here is kept for the test"):
        invoke("--kits", map_path, "--test-kits", folder, "--dry-run")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "heldout").mkdir()
    assert "test_kits: [heldout]" in invoke(*common, "--test-kits", "heldout").output


def test_a_model_that_is_unknown_is_refused_before_anything_is_trained(kits):
    with pytest.raises(UsageError, match=r"model 'larsnet-x' is unknown .*; there are bandsplit-s, htdemucs-s, "):
        invoke("--kits", ",".join(kits), "--model", "larsnet-x", "--dry-run")
