"""Write the table of files of catalogue entries, from a copy of what the publisher serves.

    python -m tools.catalogue NAME --from DIR

DIR is a copy of the repository, or the unpacked archive, of ``sample_maps/recorded/NAME.yaml``. The table lists every
file that the definition refers to and the texts around it. The light subset keeps as many layers and takes as fit into
60 MB. ``layers`` and ``microphones`` of the entry are printed.
"""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from stemgmd_tools import data
from stemgmd_tools.kits.catalogue.loader import CATALOGUE, COLUMNS, parse_entry
from stemgmd_tools.kits.catalogue.schema import Entry
from stemgmd_tools.kits.importing.options import ImportOptions
from stemgmd_tools.kits.importing.run import find_format, import_kit
from stemgmd_tools.kits.sample_map.kit import sample_files
from stemgmd_tools.kits.sample_map.schema import KitMap, Layer
from stemgmd_tools.storage.files import file_sha256, write_bytes
from stemgmd_tools.storage.listing import list_files

LIGHT_BYTES: Final = 60_000_000
_STEPS: Final = ((99, 4), (99, 2), (12, 2), (8, 2), (6, 2), (5, 2), (4, 2), (4, 1), (3, 1), (2, 1), (1, 1))
"""Layers and takes that are kept of each articulation, tried in this order until the subset is small enough."""
_TEXTS: Final = (".sfz", ".xml", ".txt", ".md", ".csv", ".inc", "")
_MAX_TEXT_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Library:
    """A library and what was imported of it."""

    folder: Path
    map: KitMap
    used: frozenset[str]
    """Files that the definition refers to, relative to the folder."""
    texts: frozenset[str]


def read_library(entry: Entry, folder: Path) -> Library:
    """Import a library as its entry says."""
    definition = folder / entry.definition
    with tempfile.TemporaryDirectory() as temporary:
        options = ImportOptions(overrides=entry.map, format_options=entry.options)
        imported = import_kit(definition, Path(temporary) / f"{entry.name}.yaml", options)
        read = find_format(definition).read(definition.absolute(), Path(temporary) / "x", **entry.options)
    sounds = (sound.path for region in read.regions for sound in region.sounds.values())
    inside = {path for path in sounds if path.is_relative_to(folder) and path.is_file()}
    if definition.is_file():
        inside.add(definition)
    texts = {
        path
        for path in list_files(definition if definition.is_dir() else folder).files
        if path.suffix.lower() in _TEXTS and path.stat().st_size <= _MAX_TEXT_BYTES
    }
    return Library(folder, imported.map, _names(inside, folder), _names(texts, folder))


def _names(paths: set[Path], folder: Path) -> frozenset[str]:
    return frozenset(path.relative_to(folder).as_posix() for path in paths)


def light_files(library: Library, base: Path) -> frozenset[str]:
    """Return the sample files of the light subset.

    :param base: folder that the map's file names are relative to.
    """
    if sum((library.folder / name).stat().st_size for name in library.used) <= LIGHT_BYTES:
        return library.used
    chosen: frozenset[str] = frozenset()
    for layers, takes in _STEPS:
        names = {name for one in _spread_layers(library.map, layers) for name in _takes(one, takes)}
        chosen = _names({base / name for name in names}, library.folder)
        if sum((library.folder / name).stat().st_size for name in chosen) <= LIGHT_BYTES:
            return chosen
    raise click.ClickException(f"{library.map.name}: one layer and one take of each articulation exceed 60 MB")


def _spread_layers(kit_map: KitMap, most: int) -> Iterator[Layer]:
    """Yield layers of every articulation and openness, evenly spread, the hardest among them."""
    for articulation in kit_map.articulations.values():
        by_degree: dict[float | None, list[Layer]] = {}
        for layer in articulation.layers or ():
            by_degree.setdefault(layer.openness, []).append(layer)
        for layers in by_degree.values():
            count = min(most, len(layers))
            yield from (layers[len(layers) - 1 - index * len(layers) // count] for index in range(count))


def _takes(layer: Layer, most: int) -> Iterator[str]:
    yield from (sound.file for sound in (layer.files or ())[:most])
    yield from (sound.file for take in (layer.takes or ())[:most] for sound in take.values())


def table(library: Library, light: frozenset[str]) -> str:
    """Return the table of files as CSV."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(COLUMNS)
    for name in sorted(library.used | library.texts):
        path = library.folder / name
        subset = "light" if name in light or name in library.texts else "full"
        rows.writerow((name, path.stat().st_size, file_sha256(path), subset))
    return text.getvalue()


@click.command()
@click.argument("name")
@click.option("--from", "source", type=click.Path(path_type=Path), required=True, help="Copy of the files.")
def main(name: str, source: Path) -> None:
    """Write the table of files of an entry."""
    path = data.shipped("sample_maps") / CATALOGUE / f"{name}.yaml"
    entry = parse_entry(path)
    folder = (source / entry.source.folder if entry.source.folder else source).absolute()
    library = read_library(entry, folder)
    played = frozenset(file.name for file in sample_files(library.map))
    definition = folder / entry.definition
    read = find_format(definition)
    extracts = read.name == "soundfont"
    if extracts:
        light = library.used
    else:
        base = _base(folder, definition, played)
        light = light_files(library, base) if entry.source.archive is None else library.used
    write_bytes(path.with_suffix(".csv"), table(library, light).encode())
    sizes = {one: (folder / one).stat().st_size for one in library.used | library.texts}
    most = max(_layer_counts(library.map))
    click.echo(
        f"{name}: layers {most}, microphones {len(library.map.microphones or {}) or '-'}, {len(sizes)} files, "
        f"{sum(sizes.values()) / 1e6:.1f} MB, light {sum(sizes[one] for one in light) / 1e6:.1f} MB, licence "
        f"{library.map.license}, missing "
        f"{' '.join(name for name, one in library.map.articulations.items() if not one.layers) or 'none'}"
    )


def _base(folder: Path, definition: Path, played: frozenset[str]) -> Path:
    """Return the folder that a map's file names are relative to."""
    start = definition if definition.is_dir() else definition.parent
    for place in (start, *start.parents):
        if all((place / name).is_file() for name in played):
            return place
        if place == folder:
            break
    raise click.ClickException(f"{folder}: the files of the map are not below it")


def _layer_counts(kit_map: KitMap) -> Iterator[int]:
    for articulation in kit_map.articulations.values():
        degrees = [layer.openness for layer in articulation.layers or ()]
        yield max((degrees.count(degree) for degree in degrees), default=0)


if __name__ == "__main__":
    main()
