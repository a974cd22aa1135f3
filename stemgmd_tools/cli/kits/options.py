"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path

import click

kit_path_option = click.option(
    "--kit-path",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Folder with folders of samples and your own sample maps; repeatable. Also: STEMGMD_KITS.",
)
