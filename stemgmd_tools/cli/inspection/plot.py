"""``stemgmd plot``: draw some bars of a performance as nine stems."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from stemgmd_tools.cli.support.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath


@click.command()
@click.argument("performance", metavar="PERFORMANCE")
@click.option(
    "--kit", type=LocalName(), default="cedar_hall", show_default=True, metavar="NAME", help="Kit, as for `kits show`."
)
@click.option(
    "--out",
    type=LocalPath(),
    default=Path("stems.png"),
    show_default=True,
    metavar="FILE",
    help="Image file; the suffix decides the format: .png, .svg, .pdf.",
)
@click.option("--bar", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="First bar to draw.")
@click.option("--bars", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Number of bars.")
@click.option("--gmd", type=LocalPath(), metavar="PATH", help="The Groove MIDI Dataset, folder or zip.")
@click.option("--midi", type=LocalPath(), metavar="PATH", help="Other drum MIDI, folder or file.")
@click.option(
    "--mapping", type=click.Choice(["td11", "gm"]), default="td11", show_default=True, help="Note numbers of --midi."
)
@kit_path_option
def plot(performance: str, kit: str, out: Path, bar: int, bars: int, **options: Any) -> None:
    """Draw some bars of PERFORMANCE: the mixture and its nine stems, with every hit.

    PERFORMANCE is an id, such as drummer12/session1/4, from the collection that `render` would use.
    """
    from stemgmd_tools.api import load_performances
    from stemgmd_tools.kits.bank.cache import open_bank
    from stemgmd_tools.kits.library import load_kit, search_path
    from stemgmd_tools.performances.bars import bar_span
    from stemgmd_tools.rendering.plot import plot_bars
    from stemgmd_tools.storage.figures import require_image_path

    require_image_path(out)
    midi = {name: options[name] for name in ("gmd", "midi", "mapping")}
    played = load_performances(**midi, ids=performance, limit=1)[0]
    span = bar_span(played, bar, bars)
    bank = open_bank(load_kit(kit, search_path(options["kit_path"])))
    shown = f"bar {bar}" if bars == 1 else f"bars {bar} to {bar + bars - 1}"
    plot_bars(played, bank, span, out, title=f"{played.id}, {shown}, through {bank.kit}")
    click.echo(f"picture: {out}")
