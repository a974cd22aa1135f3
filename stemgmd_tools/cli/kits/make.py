"""``stemgmd kits make`` and ``stemgmd kits morph``: generate new kits from existing ones, as sample maps."""

from __future__ import annotations

import re
from pathlib import Path

import click

from stemgmd_tools.cli.support.options import kit_path_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath


@click.command()
@click.option(
    "--count", type=click.IntRange(1, 10_000), default=1, show_default=True, metavar="N", help="Number of kits."
)
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Random seed of the first kit; the next kits use the next seeds.",
)
@click.option("--from", "kits", metavar="NAMES", help="Parent kits, comma-separated.  [default: the training kits]")
@click.option(
    "--spread",
    default="1",
    show_default=True,
    metavar="X",
    help="How far parameters may differ from the parent kits, from 0 (not at all) to 3.",
)
@click.option("--out", type=LocalPath(), required=True, metavar="DIR", help="Directory for the sample maps.")
@kit_path_option
def make(count: int, seed: int, kits: str | None, spread: str, out: Path, kit_path: tuple[Path, ...]) -> None:
    """Generate random kits and write their sample maps.

    The same kits are available as `random:SEED..LAST` wherever kits are named, for example in `render --kits`.
    """
    from stemgmd_tools.kits.library import kit_names, load_kit, search_path
    from stemgmd_tools.kits.sample_map.writer import write_new_map
    from stemgmd_tools.storage.paths import inside

    parents = "" if kits is None else f":from={'+'.join(part.strip() for part in kits.split(','))}"
    word = f"random:{seed}..{seed + count - 1}{parents}:spread={spread}"
    folders = search_path(kit_path)
    for name in kit_names([word], folders):
        kit = load_kit(name, folders)
        path = inside(out, f"{kit.name}.yaml")
        write_new_map(kit.map, path)
        click.echo(f"{name}: {path}")


@click.command()
@click.argument("kit_a", type=LocalName())
@click.argument("kit_b", type=LocalName())
@click.argument("share")
@click.option("--out", type=LocalPath(), required=True, metavar="FILE", help="Sample map to write, ending in .yaml.")
@kit_path_option
def morph(kit_a: str, kit_b: str, share: str, out: Path, kit_path: tuple[Path, ...]) -> None:
    """Interpolate between two kits: SHARE 0 is KIT_A, SHARE 1 is KIT_B.

    The same kit is available as `morph:KIT_A+KIT_B:SHARE` wherever kits are named. Here it takes the name of the file,
    which also seeds its noise.
    """
    from stemgmd_tools.errors import UsageError
    from stemgmd_tools.kits.library import find_map, kit_names, search_path
    from stemgmd_tools.kits.sample_map.writer import write_new_map

    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*\.yaml", out.name):
        raise UsageError(f"--out {out}: must be a kit name of a-z, 0-9 and _, followed by .yaml")
    folders = search_path(kit_path)
    (name,) = kit_names([f"morph:{kit_a}+{kit_b}:{share}"], folders)
    write_new_map(find_map(name, folders).model_copy(update={"name": out.stem}), out)
    click.echo(f"{name}: {out}")
