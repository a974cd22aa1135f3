"""``stemgmd kits list``: list the available kits."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final

import click

from stemgmd_tools.cli.kits.table import spread, table
from stemgmd_tools.cli.support.options import kit_path_option

_LISTED: Final = ("name", "split", "source", "licence", "layers", "one-shots", "microphones", "gaps", "samples")


@click.command("list")
@click.option("--license", "license_name", metavar="SPDX", help="Only kits under this licence, or `permissive` ones.")
@kit_path_option
def list_kits(license_name: str | None, kit_path: tuple[Path, ...]) -> None:
    """List all kits: modelled, imported, installed, those on the kit path, and those that can be installed.

    Permissive licences ask for attribution at most: CC0, CC BY, MIT, public domain and the like.
    """
    from stemgmd_tools.kits.library import known_maps, search_path

    folders = search_path(kit_path)
    maps = {name: path for name, path in known_maps(folders).items() if _is_under(path, license_name)}
    rows = [_list_row(name, path, folders) for name, path in maps.items()]
    rows += _installable(set(known_maps(folders)), license_name)
    click.echo("\n".join(table(_LISTED, rows)))


def _is_under(path: Path, license_name: str | None) -> bool:
    from stemgmd_tools.errors import KitError
    from stemgmd_tools.kits.sample_map.loader import load_map

    if license_name is None:
        return True
    try:
        return _is_wanted(load_map(path).license, license_name)
    except KitError:
        return False


def _is_wanted(actual: str, license_name: str | None) -> bool:
    from stemgmd_tools.kits.sample_map.licence import is_permissive

    if license_name == "permissive":
        return is_permissive(actual)
    return license_name in (None, actual)


def _installable(known: Collection[str], license_name: str | None) -> list[tuple[str, ...]]:
    """Return the rows of the kits of the catalogue that are not there."""
    from stemgmd_tools.kits.catalogue.choice import catalogue_kits
    from stemgmd_tools.runtime.quantities import size_text

    rows = []
    for kit in catalogue_kits(["recorded"]):
        entry, size = kit.entry, kit.download_bytes("full")
        if kit.name not in known and _is_wanted(entry.license, license_name):
            counts = [str(number or "-") for number in (entry.layers, None, entry.microphones, None)]
            download = "" if size is None else f", {size_text(size)}"
            rows.append((kit.name, "-", "recorded", entry.license, *counts, f"installable{download}"))
    return rows


def _list_row(name: str, path: Path, folders: Sequence[Path]) -> tuple[str, ...]:
    from stemgmd_tools.errors import KitError
    from stemgmd_tools.kits.library import split_of
    from stemgmd_tools.kits.sample_map.kit import find_folder
    from stemgmd_tools.kits.sample_map.loader import load_map
    from stemgmd_tools.kits.sample_map.outline import kind, outline

    try:
        kit_map = load_map(path)
    except KitError as error:
        return (name, "", "faulty", "", "", "", "", "", str(error))
    rows = outline(kit_map)
    layers = [row.layers for row in rows if row.layers]
    source = kind(kit_map)
    available = source == "modelled" or find_folder(kit_map, path, folders) is not None
    return (
        name,
        split_of(name, kit_map.origin) or "-",
        source,
        kit_map.license,
        spread(min(layers), max(layers)),
        str(sum(row.one_shots for row in rows)),
        str(len(kit_map.microphones or ()) or "-"),
        str(sum(not row.one_shots for row in rows) or "-"),
        "built in" if source == "modelled" else "found" if available else "not found",
    )
