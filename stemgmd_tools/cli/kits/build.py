"""``stemgmd kits build``: compile banks ahead of time."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.support.options import jobs_option, kit_path_option
from stemgmd_tools.cli.support.paths import LocalName


@click.command()
@click.argument("names", nargs=-1, required=True, type=LocalName())
@click.option("--rate", default=44_100, show_default=True, help="Sample rate of the banks, in Hz.")
@jobs_option
@click.option("--check", is_flag=True, help="Verify existing banks by hash, and rebuild damaged ones.")
@kit_path_option
def build(names: tuple[str, ...], rate: int, jobs: int | None, check: bool, kit_path: tuple[Path, ...]) -> None:
    """Compile the banks of kits ahead of time. NAMES are as for `render --kits`."""
    from stemgmd_tools.kits.bank.cache import build_banks, check_bank, is_built
    from stemgmd_tools.kits.library import kits_named, search_path

    selected = kits_named(names, search_path(kit_path))
    if check:
        for kit in selected:
            if is_built(kit, rate) and not check_bank(kit, rate):
                click.echo(f"{kit.name}: was damaged; rebuilding")
    build_banks(selected, rate, jobs=jobs or -1, progress=lambda name: click.echo(f"{name}: ready at {rate} Hz"))
