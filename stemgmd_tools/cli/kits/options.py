"""Options that several commands share."""

from __future__ import annotations

import click

from stemgmd_tools.cli.support.paths import LocalPath

kit_path_option = click.option(
    "--kit-path",
    multiple=True,
    type=LocalPath(),
    metavar="DIR",
    help="Folder with sample folders and your own sample maps; repeatable. Also: STEMGMD_KITS.",
)
