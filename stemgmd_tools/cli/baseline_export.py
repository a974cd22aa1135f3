"""``stemgmd baseline-export``: a model's network as ONNX."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.support.paths import LocalPath
from stemgmd_tools.errors import UsageError


@click.command("baseline-export", short_help="Write a separator's network as ONNX.")
@click.option("--weights", type=LocalPath(), metavar="FILE", help="[default: those that ship]")
@click.option("--out", type=LocalPath(), required=True, metavar="FILE", help="The .onnx file to write.")
@click.option("--overwrite", is_flag=True, help="Replace a file that is there already.")
def baseline_export(weights: Path | None, out: Path, *, overwrite: bool) -> None:
    """Write a separator's network as ONNX, for other runtimes: masks as a function of the mixture's spectra.

    The file's metadata tells stems, sample rate and transform. Before it is written, masks are compared with torch's.
    """
    if out.exists() and not overwrite:
        raise UsageError(f"--out {out}: is there already; give --overwrite to replace it, or another name")
    try:
        from stemgmd_tools.separation.weights.export import export_onnx
        from stemgmd_tools.separation.weights.file import load_weights, shipped_weights
    except ModuleNotFoundError:
        raise UsageError(
            "exporting needs the extras baseline and onnx: pip install 'stemgmd-tools[baseline,onnx]'"
        ) from None
    loaded = load_weights(weights or shipped_weights())
    made = export_onnx(out, loaded.model, loaded.about)
    length = "any number of spectra" if made.spectra is None else f"{made.spectra} spectra"
    click.echo(f"{out}: {', '.join(loaded.model.stems)}; takes {length} at once; within {made.difference:.0e} of torch")
