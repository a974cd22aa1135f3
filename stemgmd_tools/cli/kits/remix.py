"""``stemgmd kits remix``: another mix of the microphones of a kit."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.kits.import_kit import check_name, microphone_levels
from stemgmd_tools.cli.support.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName


@click.command()
@click.argument("kit", type=LocalName())
@click.option(
    "--mics",
    required=True,
    metavar="NAME=DB,...",
    help="Gains of microphones in dB, or `off`, such as room=-6,overhead=0. The others keep theirs.",
)
@click.option("--name", required=True, metavar="NAME", help="Name of the new kit, of a-z, 0-9 and _.")
@click.option("--replace", is_flag=True, help="Replace an imported kit of the same name.")
@kit_path_option
def remix(kit: str, mics: str, name: str, replace: bool, kit_path: tuple[Path, ...]) -> None:
    """Mix the microphones of a recorded kit anew, to a kit of its own: dry, roomy, without bleed.

    KIT is an installed or imported kit, or a sample map. The new kit is among your imported ones and plays the same
    sample files.
    """
    from stemgmd_tools import data
    from stemgmd_tools.kits.importing.options import parse_microphones
    from stemgmd_tools.kits.importing.remix import remix_kit
    from stemgmd_tools.kits.library import load_kit, search_path

    folders = search_path(kit_path)
    map_file = data.kits_dir() / f"{name}.yaml"
    check_name(map_file, name)
    remixed = remix_kit(load_kit(kit, folders), map_file, parse_microphones(mics), replace=replace)
    click.echo(
        f"{remixed.name}: {microphone_levels(remixed)}\nmap: {map_file}\nuse it: stemgmd render --kits {remixed.name}"
    )
