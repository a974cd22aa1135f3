"""``stemgmd kits build``: compile banks ahead of time."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.kits.options import kit_path_option


@click.command()
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
