"""``stemgmd kits show``: describe one kit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from stemgmd_tools.cli.kits.table import spread, table
from stemgmd_tools.cli.support.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath

if TYPE_CHECKING:
    from stemgmd_tools.kits.sample_map.schema import KitMap

_SHOWN: Final = ("articulation", "source", "layers", "variations", "openness", "chokes", "one-shots")


@click.command()
@click.argument("name", type=LocalName())
@click.option("--plot", type=LocalPath(), metavar="FILE", help="Plot every articulation to an image file.")
@kit_path_option
def show(name: str, plot: Path | None, kit_path: tuple[Path, ...]) -> None:
    """Show one kit, by name, by the path of its sample map, or as a generated kit (`random:7`)."""
    from stemgmd_tools.kits.bank.cache import open_bank
    from stemgmd_tools.kits.generate.names import is_generated_name
    from stemgmd_tools.kits.library import find_map, load_kit, map_path, search_path
    from stemgmd_tools.kits.plot import plot_kit

    folders = search_path(kit_path)
    kit_map = find_map(name, folders)
    path = None if is_generated_name(name) else map_path(name, folders)
    click.echo("\n".join(_description(kit_map, path, folders)))
    if plot is not None:
        bank = open_bank(load_kit(name, folders))
        plot_kit(bank, plot)
        click.echo(f"picture: {plot}")


def _description(kit_map: KitMap, path: Path | None, folders: Sequence[Path]) -> Iterable[str]:
    """Yield the lines that describe one kit."""
    from stemgmd_tools.kits.sample_map.kit import find_folder, sample_files
    from stemgmd_tools.kits.sample_map.outline import outline

    yield f"{kit_map.name}: {kit_map.title}"
    yield kit_map.description
    yield f"licence: {kit_map.license}"
    yield f"attribution: {kit_map.attribution}"
    yield from (f"measured on: {recording.kit} ({recording.license})" for recording in kit_map.measured_on)
    if kit_map.source_url:
        yield f"source: {kit_map.source_url}"
    yield from _origin(kit_map)
    if path is not None:
        yield f"map: {path}"
    if path is not None and any(sample_files(kit_map)):
        folder = find_folder(kit_map, path, folders)
        yield (
            f"samples: {folder}" if folder else f"samples: not found; {kit_map.folder}/ is in no folder of the kit path"
        )
    yield ""
    rows = [
        (
            row.articulation,
            row.source if row.layers else f"as {row.source}",
            str(row.layers or ""),
            spread(*row.variations) if row.layers else "",
            " ".join(f"{degree:g}" for degree in row.degrees),
            f"{row.choke_group}{' stops' if row.chokes else ''}",
            str(row.one_shots or ""),
        )
        for row in outline(kit_map)
    ]
    yield from table(_SHOWN, rows)
    yield from _warnings(kit_map, path, folders)


def _origin(kit_map: KitMap) -> Iterable[str]:
    """Yield the origin of a generated kit."""
    from stemgmd_tools.kits.library import split_of

    origin = kit_map.origin
    if origin is None:
        return
    split = split_of(kit_map.name, origin)
    yield f"made as: {origin.name}, from {', '.join(origin.kits)}"
    yield f"split: {split or 'none, since its parents are not all of one split'}"
    yield f"figures: {', '.join(f'{name} {amount:g}' for name, amount in origin.figures.items())}"


def _warnings(kit_map: KitMap, path: Path | None, folders: Sequence[Path]) -> Iterable[str]:
    """Yield the warnings of compiling the bank, if it was compiled."""
    from stemgmd_tools.errors import KitError
    from stemgmd_tools.kits.bank.cache import is_built, open_bank
    from stemgmd_tools.kits.sample_map.kit import kit_without_file, load_kit_file

    yield ""
    try:
        kit = kit_without_file(kit_map) if path is None else load_kit_file(path, folders)
    except KitError as error:
        yield f"cannot be compiled: {error}"
        return
    if is_built(kit):
        yield from [f"warning: {warning}" for warning in open_bank(kit).warnings] or ["no warnings"]
    else:
        name = kit_map.origin.name if path is None and kit_map.origin else kit_map.name
        yield f"warnings: known once the bank is compiled; stemgmd kits build {name}"
