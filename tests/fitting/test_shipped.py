"""Recipes: what they may say, and the kits that are made by them."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_fits import toy

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.generate.figures import FIGURES
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.writer import map_text
from tools.recipes import KitRecipe, Parent, load_recipes, recipes_path
from tools.shipped import kit_from_recipe

TRAIN = {"muldjord", "salamander", "gogodze_phu"}
NEVER = {"avl_black_pearl", "avl_red_zeppelin", "becks_ludwig"}


def test_every_kit_that_ships_has_a_recipe_and_no_recording_is_in_both_splits() -> None:
    recipes = load_recipes(recipes_path())
    assert list(recipes) == [row.name for row in kit_table()]
    used = {
        split: {name for row in kit_table() if row.split == split for name in recipes[row.name].recordings}
        for split in ("train", "heldout")
    }
    assert used["train"] == TRAIN
    assert not used["train"] & used["heldout"]
    assert not (used["train"] | used["heldout"]) & NEVER
    assert all(set(recipe.figures) <= set(FIGURES) for recipe in recipes.values())


def test_a_kit_between_two_recordings(tmp_path: Path) -> None:
    recipe = KitRecipe(
        name="both",
        title="Both",
        description="Two toys.",
        parents=(Parent(recorded="one"), Parent(recorded="two", donors=("three",), leave_out=("hihat_pedal",))),
        shares={"kick": 0.5, "cymbals": 1.0},
        figures={"drums.size_semitones": -1.0},
        pans={"ride": -0.4},
        gain_db=-3.0,
    )
    assert recipe.recordings == ("one", "two", "three")
    fits = {
        "one": toy("one"),
        "two": toy("two", "CC-BY-4.0", without=("ride_bow", "ride_bell")),
        "three": toy("three", "MIT"),
    }
    kit = kit_from_recipe(recipe, fits)  # type: ignore[arg-type]
    resting = {one.kit: set(one.articulations) for one in kit.measured_on}
    assert {a.split("_")[0] for a in resting["two"]} == {"kick", "crash1", "crash2"}
    assert {a.split("_")[0] for a in resting["three"]} == {"ride"}
    assert "ride_bow" not in resting["one"] and "kick" in resting["one"]
    assert kit.license == "CC-BY-4.0"
    assert kit.articulations["ride_bow"].pan == -0.4
    (tmp_path / "both.yaml").write_text(map_text(kit))
    assert load_map(tmp_path / "both.yaml") == kit
    assert kit_from_recipe(recipe, fits) == kit  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("shares: { drums: 0.5 }", '"drums" is not one of kick, snare, toms, hihat, cymbals'),
        ("shares: { kick: 0.5 }", "parts of the second of two parents"),
        ("pan: { kick: 0.5 }", "Extra inputs are not permitted"),
    ],
)
def test_faulty_recipes_are_refused_with_their_place(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "recipes.yaml"
    one = ("name: one", "title: One", "description: A toy.", "parents: [{ recorded: one }]", line)
    path.write_text("kits:\n  - " + "\n    ".join(one) + "\n")
    with pytest.raises(KitError, match=r"recipes\.yaml:\d: kits\.0.*") as raised:
        load_recipes(path)
    assert said in str(raised.value)
