"""``stemgmd kits make`` and ``stemgmd kits morph``: new kits from those there are, as sample maps."""

from __future__ import annotations

import re
from pathlib import Path

import click

from stemgmd_tools.cli.kits.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath


@click.command()
@click.option("--count", type=click.IntRange(1, 10_000), default=1, show_default=True, metavar="N", help="How many.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Of the first one.")
@click.option(
    "--from", "kits", metavar="NAMES", help="Kits to draw from, comma-separated.  [default: the training kits]"
)
@click.option(
    "--spread",
    default="1",
    show_default=True,
    metavar="X",
    help="How far figures stray from the kits drawn from, 0 (not at all) to 3.",
)
@click.option("--out", type=LocalPath(), required=True, metavar="DIR", help="Folder of the maps.")
@kit_path_option
def make(count: int, seed: int, kits: str | None, spread: str, out: Path, kit_path: tuple[Path, ...]) -> None:
    """Draw new kits and write their sample maps.

    They are the kits that `random:SEED..LAST` names wherever kits are named, `--kits` of render above all.
    """
    from stemgmd_tools.kits.library import kit_names, load_kit, search_path
    from stemgmd_tools.kits.sample_map.writer import write_new_map
    from stemgmd_tools.storage.paths import inside

    chosen = "" if kits is None else f":from={'+'.join(part.strip() for part in kits.split(','))}"
    word = f"random:{seed}..{seed + count - 1}{chosen}:spread={spread}"
    folders = search_path(kit_path)
    for name in kit_names([word], folders):
        kit = load_kit(name, folders)
        path = inside(out, f"{kit.name}.yaml")
        write_new_map(kit.map, path)
        click.echo(f"{name}: {path}")


@click.command()
@click.argument("one", type=LocalName())
@click.argument("other", type=LocalName())
@click.argument("share")
@click.option("--out", type=LocalPath(), required=True, metavar="FILE", help="The map, ending in .yaml.")
@kit_path_option
def morph(one: str, other: str, share: str, out: Path, kit_path: tuple[Path, ...]) -> None:
    """Write the kit that lies SHARE of the way from kit ONE to kit OTHER, 0 to 1.

    `morph:ONE+OTHER:SHARE` names the same kit wherever kits are named; here it takes the name of the file, and noise
    of its own with it.
    """
    from stemgmd_tools.errors import UsageError
    from stemgmd_tools.kits.library import find_map, kit_names, search_path
    from stemgmd_tools.kits.sample_map.writer import write_new_map

    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*\.yaml", out.name):
        raise UsageError(f"--out {out}: a map is named as its kit, in a-z, 0-9 and _, and ends in .yaml")
    folders = search_path(kit_path)
    (name,) = kit_names([f"morph:{one}+{other}:{share}"], folders)
    write_new_map(find_map(name, folders).model_copy(update={"name": out.stem}), out)
    click.echo(f"{name}: {out}")
