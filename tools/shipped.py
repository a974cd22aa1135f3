"""Rebuild the shipped kits from recordings by their recipes in ``sample_maps/recipes.yaml``.

    python -m tools.shipped --kits DIR             writes sample_maps/modelled/*.yaml
    python -m tools.shipped --kits DIR --check     writes nothing; names the maps that differ

DIR holds the sample folders of the maps in ``tools/prepared_kits/``. After a change, update the fingerprints
(``python -m tools.fingerprint``), the golden stems (``python -m tools.golden``) and the changelog.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import click

from stemgmd_tools import data
from stemgmd_tools.errors import UsageError
from stemgmd_tools.fitting.completion.complete import complete_map
from stemgmd_tools.fitting.estimation.recorded_kit import Fitted
from stemgmd_tools.fitting.velocity.monotonic_levels import with_rising_levels
from stemgmd_tools.kits.generate.digits import rounded
from stemgmd_tools.kits.generate.instruments import GROUPS, INSTRUMENT_OF
from stemgmd_tools.kits.generate.morph import mixed_articulations
from stemgmd_tools.kits.generate.parents import measured_on, parent, voice_of
from stemgmd_tools.kits.generate.transform import transformed
from stemgmd_tools.kits.sample_map.licence import attribution_over, license_over
from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap
from stemgmd_tools.kits.sample_map.writer import map_text
from stemgmd_tools.kits.voices.arithmetic import louder
from stemgmd_tools.kits.voices.compact import compacted
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.strict_yaml.problem import nearest
from tools.fits import fitted_kits
from tools.recipes import KitRecipe, Parent, load_recipes, recipes_path

MODELLED = "modelled"
"""Folder of the shipped kits, in the folder of sample maps."""


def kit_from_recipe(recipe: KitRecipe, fits: Mapping[str, Fitted]) -> KitMap:
    """Return the kit of a recipe.

    :param fits: recorded kit -> its fitted voices, for all recordings of the recipe.
    :raises KitError: if an articulation can be neither synthesised nor taken from a donor.
    """
    parents = [parent(_whole(recipe_parent, fits)) for recipe_parent in recipe.parents]
    kit = transformed(_mixed(recipe, parents), recipe.figures, recipe.seed)
    resting = measured_on(_parts(recipe, parents))
    articulations = {name: _finished(name, recipe_parent, recipe) for name, recipe_parent in kit.articulations.items()}
    return KitMap(
        schema_id=kit.schema_id,
        name=recipe.name,
        title=recipe.title,
        description=recipe.description,
        license=license_over(recipe_parent.license for recipe_parent in resting),
        attribution=attribution_over(resting),
        measured_on=resting,
        gain_db=recipe.gain_db,
        room=recipe.room,
        articulations=articulations,
    )


def _whole(recipe: Parent, fits: Mapping[str, Fitted]) -> KitMap:
    donors = [fits[name] for name in recipe.donors]
    return complete_map(fits[recipe.recorded], donors, leave_out=recipe.leave_out)


def _parts(recipe: KitRecipe, parents: list[KitMap]) -> dict[str, list[KitMap]]:
    """Return the parents with a positive share in each group of instruments."""
    parts = {}
    for group in GROUPS:
        share = recipe.shares.get(group, 0.0)
        parts[group] = [
            parent_map for parent_map, part in zip(parents, (1.0 - share, share), strict=False) if part > 0.0
        ]
    return parts


def _mixed(recipe: KitRecipe, parents: list[KitMap]) -> KitMap:
    """Return the mixture of the parents."""
    if len(parents) == 1:
        return parents[0]
    mixed: dict[str, Articulation] = {}
    for group in GROUPS:
        mixed |= mixed_articulations(parents[0], parents[1], recipe.shares.get(group, 0.0), (group,))
    return parents[0].model_copy(update={"articulations": {name: mixed[name] for name in parents[0].articulations}})


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


@click.command()
@click.argument("names", nargs=-1)
@click.option("--kits", type=click.Path(path_type=Path, exists=True), required=True, help="Folders of samples.")
@click.option("--check", is_flag=True, help="Write nothing; fail if a map differs from what its recipe gives.")
@click.option(
    "--fits", type=click.Path(path_type=Path), help="Cache of fits: reuse those in this folder, add new ones."
)
@click.option("--jobs", default=1, show_default=True, help="Recordings fitted at a time.")
def main(names: tuple[str, ...], *, kits: Path, check: bool, fits: Path | None, jobs: int) -> None:
    """Rebuild the shipped kits from recordings, or check them."""
    chosen = _chosen(load_recipes(recipes_path()), names)
    if fits is not None:
        fits.mkdir(parents=True, exist_ok=True)
    wanted = dict.fromkeys(name for recipe in chosen for name in recipe.recordings)
    fitted = fitted_kits(wanted, kits, fits, jobs)
    differing = []
    for recipe in chosen:
        path = data.shipped("sample_maps") / MODELLED / f"{recipe.name}.yaml"
        text = map_text(kit_from_recipe(recipe, fitted)).encode()
        if not path.is_file() or path.read_bytes() != text:
            differing.append(recipe.name)
        if not check:
            write_bytes(path, text)
    if check and differing:
        raise click.ClickException(f"{MODELLED}: {', '.join(differing)} differ from what their recipes give")
    click.echo(f"{len(chosen)} kits; changed: {', '.join(differing) or 'none'}")


if __name__ == "__main__":
    main()
