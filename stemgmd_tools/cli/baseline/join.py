"""``stemgmd baseline-join``: join weights trained for single stems into one model."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.support.paths import LocalPath
from stemgmd_tools.errors import UsageError


@click.command("baseline-join", short_help="Join weights trained for single stems into one model.")
@click.argument("weights", nargs=-1, required=True, type=LocalPath(), metavar="FILE...")
@click.option("--out", type=LocalPath(), required=True, metavar="FILE", help="Weights file to write.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
def baseline_join(weights: tuple[Path, ...], out: Path, *, overwrite: bool) -> None:
    """Join weights from `baseline-train --target STEM`, one file per stem, into one model of all stems.

    For models with a separate network per stem, such as larsnet.
    """
    if out.exists() and not overwrite:
        raise UsageError(f"--out {out}: already exists; give --overwrite to replace it, or another name")
    try:
        from stemgmd_tools.separation.weights.join import join_weights
    except ModuleNotFoundError:
        raise UsageError("joining needs the extra baseline: pip install 'stemgmd-tools[baseline]'") from None
    for stem, path in join_weights(weights, out).items():
        click.echo(f"{stem}: {path}")
    click.echo(f"weights: {out}")
