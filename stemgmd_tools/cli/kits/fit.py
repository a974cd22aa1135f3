"""``stemgmd kits fit``: a recorded kit becomes a modelled one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TextIO

import click

from stemgmd_tools.cli.kits.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath

_BAR: Final = "{percentage:3.0f}% |{bar}| {elapsed}, {remaining} left{postfix}"


@click.command()
@click.argument("recorded", type=LocalName())
@click.option("--out", type=LocalPath(), required=True, metavar="NAME.yaml", help="The sample map; names the kit.")
@click.option(
    "--donor",
    "donors",
    multiple=True,
    type=LocalName(),
    metavar="KIT",
    help="A recorded kit that lends what RECORDED lacks; repeatable.",
)
@click.option("--title", metavar="TEXT", help="The new kit's name for people.  [default: that of RECORDED, modelled]")
@click.option("--report/--no-report", default=True, show_default=True, help="Write NAME.report.md and its pictures.")
@kit_path_option
def fit(
    recorded: str, out: Path, donors: tuple[str, ...], title: str | None, report: bool, kit_path: tuple[Path, ...]
) -> None:
    """Fit a modelled kit to the recordings of RECORDED, a kit's name or the path of its sample map.

    Every articulation becomes a table of modes, noise bands and how they follow velocity. What was not recorded is made
    from other strokes of the kit or borrowed from the donors, in their order. The report says how near the model comes.
    """
    from stemgmd_tools.fitting.produce import map_name, produce
    from stemgmd_tools.kits.library import load_kit, search_path

    map_name(out)
    folders = search_path(kit_path)
    lenders = [load_kit(name, folders) for name in donors]
    with _bar(sys.stderr) as progress:
        made = produce(load_kit(recorded, folders), out, donors=lenders, title=title, report=report, progress=progress)
    click.echo(f"{made.map}: fitted in {made.fit_s:.0f} s")
    click.echo(f"look at it: stemgmd kits show {made.map} --plot {out.stem}.png")
    if made.report:
        click.echo(f"report: {made.report}{f', pictures: {made.pictures}' if made.pictures else ''}")


@contextmanager
def _bar(stream: TextIO) -> Iterator[Callable[[str, float], None]]:
    """Give a callback that moves a bar with the time left, if ``stream`` is a terminal."""
    from tqdm import tqdm

    with tqdm(total=1.0, file=stream, disable=not stream.isatty(), bar_format=_BAR, dynamic_ncols=True) as bar:

        def told(what: str, share: float) -> None:
            bar.set_postfix_str(what, refresh=False)
            bar.update(share - bar.n)

        yield told
