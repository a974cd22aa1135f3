"""``stemgmd kits``: which kits there are, what is in one, compile them ahead, the format's schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

if TYPE_CHECKING:
    from stemgmd_tools.kits.schema import KitMap

kit_path_option = click.option(
    "--kit-path",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder with folders of samples and your own sample maps; repeatable. Also: STEMGMD_KITS.",
)

_LISTED: Final = ("name", "split", "source", "licence", "layers", "one-shots", "gaps", "samples")
_SHOWN: Final = ("articulation", "source", "layers", "variations", "openness", "chokes", "one-shots")


@click.group()
def kits() -> None:
    """List kits, show one, compile banks ahead, print the JSON Schema of sample maps."""


@kits.command("list")
@kit_path_option
def list_kits(kit_path: tuple[Path, ...]) -> None:
    """List all kits: the modelled ones, the recorded ones with a shipped map, and those on the kit path."""
    from stemgmd_tools.kits.library import known_maps, search_path

    folders = search_path(kit_path)
    rows = [_list_row(name, path, folders) for name, path in known_maps(folders).items()]
    click.echo("\n".join(_table(_LISTED, rows)))


@kits.command()
@click.argument("name")
@click.option("--plot", type=click.Path(path_type=Path), metavar="FILE", help="Draw every articulation into a picture.")
@kit_path_option
def show(name: str, plot: Path | None, kit_path: tuple[Path, ...]) -> None:
    """Show one kit, by name or by the path of its sample map."""
    from stemgmd_tools.kits.library import load_kit, map_path, search_path
    from stemgmd_tools.kits.loader import load_map
    from stemgmd_tools.kits.plot import plot_kit
    from stemgmd_tools.kits.store import open_bank

    folders = search_path(kit_path)
    path = map_path(name, folders)
    click.echo("\n".join(_description(load_map(path), path, folders)))
    if plot is not None:
        bank = open_bank(load_kit(name, folders))
        plot_kit(bank, plot)
        click.echo(f"picture: {plot}")


@kits.command()
@click.argument("names", nargs=-1, required=True)
@click.option("--rate", default=44_100, show_default=True, help="Sample rate of the banks, in Hz.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Kits compiled at a time.  [default: all cores]")
@kit_path_option
def build(names: tuple[str, ...], rate: int, jobs: int | None, kit_path: tuple[Path, ...]) -> None:
    """Compile the banks of kits ahead of time; NAMES as for `render --kits`."""
    from stemgmd_tools.kits.library import kits_named, search_path
    from stemgmd_tools.kits.store import build_banks

    chosen = kits_named(names, search_path(kit_path))
    build_banks(chosen, rate, jobs=jobs or -1, progress=lambda name: click.echo(f"{name}: ready at {rate} Hz"))


@kits.command()
def schema() -> None:
    """Print the JSON Schema of sample maps."""
    from stemgmd_tools.kits.loader import schema_text

    click.echo(schema_text(), nl=False)


def _list_row(name: str, path: Path, folders: Sequence[Path]) -> tuple[str, ...]:
    from stemgmd_tools.errors import KitError
    from stemgmd_tools.kits.kit import find_folder
    from stemgmd_tools.kits.library import split_of
    from stemgmd_tools.kits.loader import load_map
    from stemgmd_tools.kits.outline import kind, outline

    try:
        kit_map = load_map(path)
    except KitError as error:
        return (name, "", "faulty", "", "", "", "", str(error))
    rows = outline(kit_map)
    layers = [row.layers for row in rows if row.layers]
    source = kind(kit_map)
    found = source == "modelled" or find_folder(kit_map, path, folders) is not None
    return (
        name,
        split_of(name) or "-",
        source,
        kit_map.license,
        _range(min(layers), max(layers)),
        str(sum(row.one_shots for row in rows)),
        str(sum(not row.one_shots for row in rows) or "-"),
        "built in" if source == "modelled" else "found" if found else "not found",
    )


def _description(kit_map: KitMap, path: Path, folders: Sequence[Path]) -> Iterable[str]:
    """Yield the lines that describe one kit."""
    from stemgmd_tools.kits.kit import find_folder, sample_files
    from stemgmd_tools.kits.outline import outline

    yield f"{kit_map.name}: {kit_map.title}"
    yield kit_map.description
    yield f"licence: {kit_map.license}"
    yield f"attribution: {kit_map.attribution}"
    yield from (f"measured on: {recording.kit} ({recording.license})" for recording in kit_map.measured_on)
    if kit_map.source_url:
        yield f"source: {kit_map.source_url}"
    yield f"map: {path}"
    if any(sample_files(kit_map)):
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
            _range(*row.variations) if row.layers else "",
            " ".join(f"{degree:g}" for degree in row.degrees),
            f"{row.choke_group}{' stops' if row.chokes else ''}",
            str(row.one_shots or ""),
        )
        for row in outline(kit_map)
    ]
    yield from _table(_SHOWN, rows)
    yield from _warnings(kit_map.name, path, folders)


def _warnings(name: str, path: Path, folders: Sequence[Path]) -> Iterable[str]:
    """Yield what was uneven when the bank was compiled, if it was."""
    from stemgmd_tools.errors import KitError
    from stemgmd_tools.kits.kit import load_kit_file
    from stemgmd_tools.kits.store import is_built, open_bank

    yield ""
    try:
        kit = load_kit_file(path, folders)
    except KitError as error:
        yield f"cannot be compiled: {error}"
        return
    if is_built(kit):
        yield from [f"warning: {warning}" for warning in open_bank(kit).warnings] or ["no warnings"]
    else:
        yield f"warnings: known once the bank is compiled; stemgmd kits build {name}"


def _range(low: int, high: int) -> str:
    return str(low) if low == high else f"{low}..{high}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterable[str]:
    """Yield lines whose columns stand under one another."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
