"""Recipes: what they may say, and the kits that are made by them."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_fits import toy

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.fitting.completion.complete import complete_map
from stemgmd_tools.kits.donors import Role, donor_table, donors
from stemgmd_tools.kits.generate.figures import FIGURES
from stemgmd_tools.kits.generate.instruments import GROUPS, INSTRUMENTS
from stemgmd_tools.kits.generate.parents import parent
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.writer import map_text
from tools.recipes import KitRecipe, Lent, load_recipes, recipes_path
from tools.shipped import Lender, kit_from_recipe

ROLES = {"train": Role.TRAIN, "heldout": Role.TEST}
"""Split of a kit -> role of the donors it is made of."""


def test_every_kit_that_ships_has_a_recipe_of_donors_of_its_split() -> None:
    recipes = load_recipes(recipes_path())
    assert list(recipes) == [row.name for row in kit_table()]
    roles = {entry.recording: entry.role for entry in donor_table()}
    for row in kit_table():
        assert {roles[name] for name in recipes[row.name].recordings} == {ROLES[row.split]}
    assert all(set(recipe.figures) <= set(FIGURES) for recipe in recipes.values())
    used = {name for row in kit_table() if row.split == "train" for name in recipes[row.name].recordings}
    assert used == {donor.entry.recording for donor in donors(Role.TRAIN)} - SPARE


SPARE = {"gogodze_room", "frankensnare_maple", "frankensnare_steel", "frankensnare_ash"}
"""Training donors that no shipped kit uses; random kits do."""


def _lender(name: str, spdx: str = "CC0-1.0", *, without: tuple[str, ...] = ()) -> Lender:
    kit_map = complete_map(toy(name, spdx, without=without), name=name)  # type: ignore[arg-type]
    return Lender(parent(kit_map), INSTRUMENTS)


def test_a_kit_of_several_donors(tmp_path: Path) -> None:
    recipe = KitRecipe(
        name="both",
        title="Both",
        description="Two toys.",
        instruments={
            "kick": Lent(donors=("one", "two"), share=0.5),
            "snare": Lent(donors=("three",)),
            **dict.fromkeys(("toms", "hihat"), Lent(donors=("one",))),
            "cymbals": Lent(donors=("two",)),
        },
        figures={"drums.size_semitones": -1.0},
        pans={"ride": -0.4},
        gain_db=-3.0,
    )
    assert recipe.recordings == ("one", "two", "three")
    drum = _lender("three", "MIT")._replace(instruments=("snare",))
    lenders = {"one": _lender("one"), "two": _lender("two", "CC-BY-4.0"), "three": drum}
    kit = kit_from_recipe(recipe, lenders)
    resting = {one.kit: set(one.articulations) for one in kit.measured_on}
    assert {a.split("_")[0] for a in resting["two"]} == {"kick", "ride", "crash1", "crash2"}
    assert {a.split("_")[0] for a in resting["three"]} == {"snare"}
    assert "ride_bow" not in resting["one"] and "kick" in resting["one"]
    assert kit.license == "CC-BY-4.0"
    assert kit.articulations["ride_bow"].pan == -0.4
    (tmp_path / "both.yaml").write_text(map_text(kit))
    assert load_map(tmp_path / "both.yaml") == kit
    lent = recipe.model_copy(update={"instruments": {**recipe.instruments, "toms": Lent(donors=("three",))}})
    with pytest.raises(UsageError, match="both: three does not give toms as a whole"):
        kit_from_recipe(lent, lenders)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("instruments: { drums: { donors: [one] } }", '"drums" is not one of kick, snare, toms, hihat, cymbals'),
        ("instruments: { kick: { donors: [one], share: 0.5 } }", "a share above 0 is part of the second of two"),
        ("instruments: { kick: { donors: [one] } }", "instruments: snare is missing"),
        ("pan: { kick: 0.5 }", "Extra inputs are not permitted"),
    ],
)
def test_faulty_recipes_are_refused_with_their_place(tmp_path: Path, line: str, said: str) -> None:
    path = tmp_path / "recipes.yaml"
    whole = "instruments: { " + ", ".join(f"{group}: {{ donors: [one] }}" for group in GROUPS) + " }"
    one = ("name: one", "title: One", "description: A toy.", *([] if "instruments" in line else [whole]), line)
    path.write_text("kits:\n  - " + "\n    ".join(one) + "\n")
    with pytest.raises(KitError, match=r"recipes\.yaml:\d: kits\.0.*") as raised:
        load_recipes(path)
    assert said in str(raised.value)
