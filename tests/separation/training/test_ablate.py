"""Ablations: a grid is trained and evaluated on the same clips, and differences are paired."""

from __future__ import annotations

import pandas as pd
import pytest
from click.testing import CliRunner
from tiny_separator import make_tiny, tiny_config

from stemgmd_tools.cli.baseline.train import baseline_train
from stemgmd_tools.errors import StemgmdError, TrainingError, UsageError
from stemgmd_tools.separation.training.ablate import Variant, ablate, markdown, table_of, variants
from stemgmd_tools.separation.training.settings.files import with_changes
from stemgmd_tools.separation.training.train import train


def test_a_grid_is_trained_and_evaluated_and_done_again_from_what_is_there(kits, tmp_path):
    config = tiny_config(kits, budget={"steps": 2}, validation={"items": 0})
    grid = variants("p_original", ["1", "0:any"])
    table = ablate(config, grid, tmp_path, limit=2, max_s=2.0, make=make_tiny)
    assert table["variant"].unique().tolist() == ["1", "0:any"]
    first = table[table["variant"] == "1"]
    assert (first["difference_db"] == 0.0).all()
    assert (first["clips"] == 4).all()
    assert set(table["stems"]) == {"pooled", "mean"}
    assert (tmp_path / "ablation.md").read_text().count("\n") == len(table) + 2
    weights = (tmp_path / "1" / "last.safetensors").stat().st_mtime_ns
    again = ablate(config, grid, tmp_path, limit=2, max_s=2.0, make=make_tiny)
    pd.testing.assert_frame_equal(again, table)
    assert (tmp_path / "1" / "last.safetensors").stat().st_mtime_ns == weights


def test_differences_are_of_the_same_clips():
    rows = [
        (variant, f"p{number}", "a", "seen", "kick", True, base + number)
        for variant, base in (("x", 0.0), ("y", 3.0))
        for number in range(5)
    ]
    rows.append(("y", "p9", "a", "seen", "kick", True, 500.0))
    rows.append(("y", "p0", "a", "seen", "toms", False, 900.0))
    columns = ["variant", "performance", "kit", "kit_set", "stem", "present", "nsdr_larsnet_db"]
    table = table_of(pd.DataFrame(rows, columns=columns), ["x", "y"])
    indexed = table.set_index(["variant", "stems"])
    assert indexed.loc[("y", "pooled"), "difference_db"] == 3.0
    assert indexed.loc[("y", "pooled"), ["difference_low", "difference_high"]].tolist() == [3.0, 3.0]
    assert indexed.loc[("x", "mean"), "db"] == 2.0
    assert "| y | seen | pooled |" in markdown(table)


@pytest.mark.parametrize(
    ("second", "words"),
    [
        (Variant("brass", {"data": {"kits": ["brass"]}}), "brass"),
        (Variant("no chain", {"data": {"chain": "no-such-chain"}}), 'no chain "no-such-chain"'),
        (
            Variant("leak", {"data": {"kits": ["heldout"], "test_kits": ["heldout"]}}),
            "leak: kit .* is kept for the test",
        ),
        (Variant("a-b", {}), "value a-b and value a/b would share the folder a-b"),
        (Variant("Evaluation", {}), "value Evaluation and what is evaluated would share the folder evaluation"),
    ],
)
def test_what_a_later_value_cannot_be_shows_before_the_first_is_trained(kits, tmp_path, second, words):
    config = tiny_config(kits, budget={"steps": 2}, validation={"items": 0})
    with pytest.raises(StemgmdError, match=words):
        ablate(config, [Variant("a/b", {}), second], tmp_path, limit=1, max_s=2.0, make=make_tiny)
    assert not any(tmp_path.iterdir())


def test_the_folder_of_another_run_shows_before_the_first_is_trained(kits, tmp_path):
    config = tiny_config(kits, budget={"steps": 1}, validation={"items": 0})
    train(with_changes(config, {"seed": 5}), tmp_path / "0-any", make=make_tiny)
    with pytest.raises(TrainingError, match=r"0-any: was begun with other settings: .*seed 5"):
        ablate(config, variants("p_original", ["1", "0:any"]), tmp_path, limit=1, max_s=2.0, make=make_tiny)
    assert not (tmp_path / "1").exists()


def test_an_ablation_is_for_one_process(kits, tmp_path, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(UsageError, match="an ablation is for one process, and torchrun started 2"):
        ablate(tiny_config(kits), variants("p_original"), tmp_path, make=make_tiny)
    assert not any(tmp_path.iterdir())


def test_a_dry_run_checks_every_value(kits, tmp_path):
    command = ["--kits", ",".join(kits), "--ablate", "chain", "--value", "none", "--value", "nope", "--dry-run"]
    with pytest.raises(UsageError, match='no chain "nope"'):
        CliRunner().invoke(
            baseline_train, [*command, "--out", str(tmp_path)], catch_exceptions=False, standalone_mode=False
        )


def test_values_say_what_is_varied():
    assert variants("kits", ["train", "random:0..9,salamander"])[1].changes["data"]["kits"] == [
        "random:0..9",
        "salamander",
    ]
    assert variants("p_original", ["1", "0.5:kit_swap"])[1].changes["data"]["mix"] == {
        "p_original": 0.5,
        "scope": "kit_swap",
    }
    assert variants("chain")[0].name == "none"


@pytest.mark.parametrize(
    ("by", "values", "words"),
    [
        ("loss", (), "what can be varied is"),
        ("p_original", ("1", "0:all"), "give P or P:SCOPE"),
        ("chain", ("x",), "two"),
    ],
)
def test_what_cannot_be_varied_is_refused(by, values, words):
    with pytest.raises(UsageError, match=words):
        variants(by, values)
