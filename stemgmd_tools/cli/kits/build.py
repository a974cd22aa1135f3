"""``stemgmd kits build``: compile banks ahead of time."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.kits.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName


@click.command()
@click.argument("names", nargs=-1, required=True, type=LocalName())
@click.option("--rate", default=44_100, show_default=True, help="Sample rate of the banks, in Hz.")
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Kits compiled at a time.  [default: all cores]")
@click.option("--check", is_flag=True, help="Hash the banks that are there, and build damaged ones again.")
@kit_path_option
def build(names: tuple[str, ...], rate: int, jobs: int | None, check: bool, kit_path: tuple[Path, ...]) -> None:
    """Compile the banks of kits ahead of time; NAMES as for `render --kits`."""
    from stemgmd_tools.kits.bank.cache import build_banks, check_bank, is_built
    from stemgmd_tools.kits.library import kits_named, search_path

    chosen = kits_named(names, search_path(kit_path))
    if check:
        for kit in chosen:
            if is_built(kit, rate) and not check_bank(kit, rate):
                click.echo(f"{kit.name}: was damaged, is built again")
    build_banks(chosen, rate, jobs=jobs or -1, progress=lambda name: click.echo(f"{name}: ready at {rate} Hz"))
