"""``stemgmd kits``: list, show, install, build, fit and generate kits; one module per command."""

from __future__ import annotations

import click

from stemgmd_tools.cli.kits.build import build
from stemgmd_tools.cli.kits.check import check
from stemgmd_tools.cli.kits.fit import fit
from stemgmd_tools.cli.kits.import_kit import import_kit
from stemgmd_tools.cli.kits.install import install
from stemgmd_tools.cli.kits.listing import list_kits
from stemgmd_tools.cli.kits.make import make, morph
from stemgmd_tools.cli.kits.page import page
from stemgmd_tools.cli.kits.remix import remix
from stemgmd_tools.cli.kits.schema import schema
from stemgmd_tools.cli.kits.show import show

__all__ = ["kits"]


@click.group()
def kits() -> None:
    """List, show, install, import, remix, check, fit, generate and compile kits."""


for _command in (list_kits, show, install, import_kit, remix, check, page, build, fit, make, morph, schema):
    kits.add_command(_command)
