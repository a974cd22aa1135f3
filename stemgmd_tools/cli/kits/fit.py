"""``stemgmd kits fit``: fit a modelled kit to a recorded kit."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import click

from stemgmd_tools.cli.support.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath

_BAR: Final = "{percentage:3.0f}% |{bar}| {elapsed}, {remaining} left{postfix}"


@click.command()
@click.argument("recorded", type=LocalName())
@click.option(
    "--out",
    type=LocalPath(),
    required=True,
    metavar="NAME.yaml",
    help="Sample map to write; its name becomes the kit's name.",
)
@click.option(
    "--donor",
    "donors",
    multiple=True,
    type=LocalName(),
    metavar="KIT",
    help="Recorded kit that supplies articulations missing in RECORDED; repeatable.",
)
@click.option(
    "--title", metavar="TEXT", help="Display name of the new kit.  [default: the title of RECORDED, modelled]"
)
@click.option("--report/--no-report", default=True, show_default=True, help="Write NAME.report.md and its figures.")
@kit_path_option
def fit(
    recorded: str, out: Path, donors: tuple[str, ...], title: str | None, report: bool, kit_path: tuple[Path, ...]
) -> None:
    """Fit a modelled kit to the recordings of RECORDED, a kit's name or the path of its sample map.

    Every articulation becomes a table of modes, noise bands and their dependence on velocity. Articulations that were
    not recorded are derived from others of the kit or taken from the donors, in order. The report measures how close
    the model is to the recordings.
    """
    from stemgmd_tools.fitting.produce import map_name, produce
    from stemgmd_tools.kits.library import load_kit, search_path

    map_name(out)
    folders = search_path(kit_path)
    donor_kits = [load_kit(name, folders) for name in donors]
    with _bar(sys.stderr) as progress:
        fitted = produce(
            load_kit(recorded, folders), out, donors=donor_kits, title=title, report=report, progress=progress
        )
    click.echo(f"{fitted.map}: fitted in {fitted.fit_s:.0f} s")
    click.echo(f"look at it: stemgmd kits show {fitted.map} --plot {out.stem}.png")
    if fitted.report:
        click.echo(f"report: {fitted.report}{f', pictures: {fitted.pictures}' if fitted.pictures else ''}")


@contextmanager
def _bar(stream: TextIO) -> Iterator[Callable[[str, float], None]]:
    """Yield a callback that updates a progress bar, shown if ``stream`` is a terminal."""
    from tqdm import tqdm

    with tqdm(total=1.0, file=stream, disable=not stream.isatty(), bar_format=_BAR, dynamic_ncols=True) as bar:

        def update(what: str, share: float) -> None:
            bar.set_postfix_str(what, refresh=False)
            bar.update(share - bar.n)

        yield update
