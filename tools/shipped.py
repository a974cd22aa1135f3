"""Rebuild the shipped kits from the donors by their recipes in ``sample_maps/recipes.yaml``.

    python -m tools.shipped             writes sample_maps/modelled/*.yaml
    python -m tools.shipped --check     writes nothing; names the maps that differ

Kits of a split are made of the donors of that split alone. After a change, update the fingerprints
(``python -m tools.fingerprint``), the golden stems (``python -m tools.golden``) and the changelog.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import click

from stemgmd_tools import data
from stemgmd_tools.errors import UsageError
from stemgmd_tools.fitting.velocity.monotonic_levels import with_rising_levels
from stemgmd_tools.kits.donors import Role, donors
from stemgmd_tools.kits.generate.digits import rounded
from stemgmd_tools.kits.generate.instruments import GROUPS, INSTRUMENT_OF
from stemgmd_tools.kits.generate.morph import mixed_articulations
from stemgmd_tools.kits.generate.parents import balanced, measured_on, parent, voice_of
from stemgmd_tools.kits.generate.transform import transformed
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.sample_map.licence import attribution_over, license_over
from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.kits.voices.arithmetic import louder
from stemgmd_tools.kits.voices.compact import compacted
from stemgmd_tools.pieces import ARTICULATIONS
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.strict_yaml.problem import nearest
from tools.recipes import KitRecipe, load_recipes, recipes_path

MODELLED = "modelled"
"""Folder of the shipped kits, in the folder of sample maps."""


class Lender(NamedTuple):
    """A donor as a parent."""

    kit: KitMap
    instruments: tuple[str, ...]
    """What it gives."""


def kit_from_recipe(recipe: KitRecipe, lenders: Mapping[str, Lender]) -> KitMap:
    """Return the kit of a recipe.

    :param lenders: recording -> its donor, for all recordings of the recipe and at least one with every instrument.
    :raises UsageError: if a donor does not give a whole group of instruments that it shall lend.
    """
    for group, lent in recipe.instruments.items():
        for name in lent.donors:
            if not set(GROUPS[group]) <= set(lenders[name].instruments):
                raise UsageError(f"{recipe.name}: {name} does not give {group} as a whole; choose another donor")
    kits = balanced(
        {name: lender.kit for name, lender in lenders.items()},
        {name: lender.instruments for name, lender in lenders.items()},
    )
    kit = transformed(_mixed(recipe, kits), recipe.figures, recipe.seed)
    resting = measured_on({group: [kits[name] for name in lent.donors] for group, lent in recipe.instruments.items()})
    articulations = {name: _finished(name, one, recipe) for name, one in kit.articulations.items()}
    return KitMap(
        schema_id=kit.schema_id,
        name=recipe.name,
        title=recipe.title,
        description=recipe.description,
        license=license_over(one.license for one in resting),
        attribution=attribution_over(resting),
        measured_on=resting,
        gain_db=recipe.gain_db,
        room=recipe.room,
        articulations=articulations,
    )


def _mixed(recipe: KitRecipe, kits: Mapping[str, KitMap]) -> KitMap:
    """Return the mixture of the donors."""
    mixed: dict[str, Articulation] = {}
    for group, lent in recipe.instruments.items():
        mixed |= mixed_articulations(kits[lent.donors[0]], kits[lent.donors[-1]], lent.share, (group,))
    first = kits[recipe.instruments["kick"].donors[0]]
    return first.model_copy(update={"articulations": {name: mixed[name] for name in ARTICULATIONS}})


def _finished(name: str, articulation: Articulation, recipe: KitRecipe) -> Articulation:
    """Return an articulation with the recipe's pan and dynamics, its values rounded."""
    voice = compacted(rounded(louder(voice_of(articulation), articulation.gain_db)))
    voice = with_rising_levels(voice, recipe.room, recipe.name, name)
    instrument = INSTRUMENT_OF[name]
    return articulation.model_copy(
        update={
            "model": voice,
            "gain_db": 0.0,
            "pan": recipe.pans.get(instrument, round(articulation.pan, 3)),
            "dynamics_db": recipe.dynamics_db.get(instrument, articulation.dynamics_db),
            "release_s": round(articulation.release_s, 4),
        }
    )


def _chosen(recipes: Mapping[str, KitRecipe], names: tuple[str, ...]) -> list[KitRecipe]:
    for name in names:
        if name not in recipes:
            raise UsageError(f'no recipe "{name}"{nearest(name, recipes)}; known: {", ".join(recipes)}')
    return [recipes[name] for name in names or recipes]


def lenders_of(split: str) -> dict[str, Lender]:
    """Return the donors of a split, by recording."""
    role = Role.TRAIN if split == "train" else Role.TEST
    return {donor.entry.recording: Lender(parent(donor.map), donor.instruments) for donor in donors(role)}


@click.command()
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail if a map differs from what its recipe gives.")
def main(names: tuple[str, ...], *, check: bool) -> None:
    """Rebuild the shipped kits from the donors, or check them."""
    chosen = _chosen(load_recipes(recipes_path()), names)
    splits = {row.name: row.split for row in kit_table()}
    lenders = {split: lenders_of(split) for split in sorted(set(splits.values()))}
    differing = []
    for recipe in chosen:
        path = data.shipped("sample_maps") / MODELLED / f"{recipe.name}.yaml"
        text = map_text(kit_from_recipe(recipe, lenders[splits[recipe.name]])).encode()
        if not path.is_file() or path.read_bytes() != text:
            differing.append(recipe.name)
        if not check:
            write_bytes(path, text)
    if check and differing:
        raise click.ClickException(f"{MODELLED}: {', '.join(differing)} differ from what their recipes give")
    click.echo(f"{len(chosen)} kits; changed: {', '.join(differing) or 'none'}")


if __name__ == "__main__":
    main()
