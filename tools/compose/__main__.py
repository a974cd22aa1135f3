"""Write the starter set: ``python -m tools.compose OUT``."""

from __future__ import annotations

from pathlib import Path

import click

from tools.compose.tunes import TUNES
from tools.compose.writing import write_set


@click.command()
@click.argument("out", type=click.Path(file_okay=False, path_type=Path))
def compose(out: Path) -> None:
    """Write info.csv and the MIDI files of the starter set into the folder OUT."""
    count = write_set(TUNES, out)
    click.echo(f"{count} performances written to {out}")


if __name__ == "__main__":
    compose()
