"""``stemgmd kits fit``: fit a modelled kit to a recorded kit."""

from __future__ import annotations

import sys
from contextlib import closing
from pathlib import Path

import click

from stemgmd_tools.cli.support.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath


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
    from stemgmd_tools.runtime.progress import progress_on

    map_name(out)
    folders = search_path(kit_path)
    donor_kits = [load_kit(name, folders) for name in donors]
    with closing(progress_on(sys.stderr)) as display:
        fitted = produce(
            load_kit(recorded, folders),
            out,
            donors=donor_kits,
            title=title,
            report=report,
            progress=lambda what, share: display.update(share, 1.0, what),
        )
    click.echo(f"{fitted.map}: fitted in {fitted.fit_s:.0f} s")
    click.echo(f"look at it: stemgmd kits show {fitted.map} --plot {out.stem}.png")
    if fitted.report:
        click.echo(f"report: {fitted.report}{f', pictures: {fitted.pictures}' if fitted.pictures else ''}")
