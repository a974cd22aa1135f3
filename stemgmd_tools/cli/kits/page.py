"""``stemgmd kits page``: write a page on which a kit can be heard."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.support.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath


@click.command()
@click.argument("name", type=LocalName())
@click.option("--out", type=LocalPath(), metavar="FILE.html", help="Page to write.  [default: the kit's name]")
@kit_path_option
def page(name: str, out: Path | None, kit_path: tuple[Path, ...]) -> None:
    """Write an HTML page that plays and shows a kit. NAME is as for `kits show`.

    One file for any browser, without network: every articulation at eight velocities with its spectrogram, a groove
    with mute and solo for each stem, loudness and brightness over velocity, the findings of `kits check`, the licence.
    """
    from stemgmd_tools.kits.library import load_kit, search_path
    from stemgmd_tools.rendering.kit_page.page import write_kit_page

    kit = load_kit(name, search_path(kit_path))
    path = out or Path(f"{kit.name}.html")
    write_kit_page(kit, path)
    click.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
