"""``stemgmd kits install``: install open drum libraries by name."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from stemgmd_tools.cli.kits.table import table
from stemgmd_tools.cli.support.paths import LocalPath

if TYPE_CHECKING:
    from stemgmd_tools.kits.catalogue.install import Installed
    from stemgmd_tools.kits.catalogue.loader import CatalogueKit, Subset

_COLUMNS: Final = ("kit", "licence", "download", "title")


@click.command()
@click.argument("names", nargs=-1, required=True)
@click.option(
    "--subset",
    type=click.Choice(["full", "light"]),
    default="full",
    show_default=True,
    help="`light`: fewer layers and takes, at most 60 MB a kit, where the library is not one archive.",
)
@click.option(
    "--from",
    "folder",
    type=LocalPath(exists=True),
    metavar="DIR",
    help="Copy of the repository, or the archive, instead of a download.",
)
@click.option(
    "--mirror",
    metavar="URL",
    help="Address below which the files lie as OWNER/NAME/COMMIT/PATH, and archives under their names.",
)
def install(names: tuple[str, ...], subset: Subset, folder: Path | None, mirror: str | None) -> None:
    """Install open drum libraries as kits.

    NAMES are those that `stemgmd kits list` calls installable, patterns such as `avl_*`, or `recorded` (all), or
    `permissive` (all without share-alike). Licences and sizes are shown first. Files are verified by their hashes.
    The same command continues an interrupted installation, and does nothing where the kit is complete.
    """
    from stemgmd_tools.errors import UsageError
    from stemgmd_tools.kits.catalogue.choice import catalogue_kits
    from stemgmd_tools.kits.catalogue.install import download_bytes
    from stemgmd_tools.kits.catalogue.install import install as run
    from stemgmd_tools.kits.catalogue.origin import Origin
    from stemgmd_tools.runtime.progress import progress_on
    from stemgmd_tools.runtime.quantities import size_text

    if folder is not None and mirror is not None:
        raise UsageError("--from and --mirror: give one of them")
    kits = catalogue_kits(names)
    click.echo("\n".join(_preview(kits, subset)))
    total, done = download_bytes(kits, subset), 0
    with closing(progress_on(sys.stderr, lines=True)) as display:

        def received(count: int) -> None:
            nonlocal done
            done += count
            display.update(done, total or None, f"{size_text(done)} of {size_text(total)}")

        for installed in run(kits, subset=subset, origin=Origin(mirror, folder), progress=received):
            for line in _report(installed):
                display.say(line)
    click.echo(f"use them: stemgmd render --kits {','.join(kit.name for kit in kits)}")


def _preview(kits: Sequence[CatalogueKit], subset: Subset) -> Iterator[str]:
    from stemgmd_tools.runtime.quantities import size_text

    rows = []
    for kit in kits:
        size = kit.download_bytes(subset)
        rows.append((kit.name, kit.entry.license, "?" if size is None else size_text(size), kit.entry.title))
    yield from table(_COLUMNS, rows)
    for kit in kits:
        if kit.entry.license_doubt:
            yield f"note: {kit.name}: {kit.entry.license_doubt}"
        if not kit.entry.verified:
            yield f"warning: {kit.name}: unverified; its files were not seen when the entry was made"


def _report(installed: Installed) -> Iterator[str]:
    name = installed.kit.name
    if installed.imported is None:
        yield f"{name}: installed already"
        return
    articulations = installed.imported.map.articulations
    played = sum(one.layers is not None for one in articulations.values())
    yield f"{name}: installed; {played} of {len(articulations)} articulations recorded"
