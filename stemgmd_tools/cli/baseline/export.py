"""``stemgmd baseline-export``: export a separator's network to ONNX."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.support.paths import LocalPath
from stemgmd_tools.errors import UsageError


@click.command("baseline-export", short_help="Export a separator's network to ONNX.")
@click.option("--weights", type=LocalPath(), metavar="FILE", help="Model weights.  [default: the shipped weights]")
@click.option("--out", type=LocalPath(), required=True, metavar="FILE", help="The .onnx file to write.")
@click.option("--overwrite", is_flag=True, help="Replace an existing file.")
def baseline_export(weights: Path | None, out: Path, *, overwrite: bool) -> None:
    """Export a separator's network to ONNX. Its input is the mixture's spectra, its output the masks.

    Metadata of the file records stems, sample rate and transform. The masks are checked against PyTorch's first.
    """
    if out.exists() and not overwrite:
        raise UsageError(f"--out {out}: already exists; give --overwrite to replace it, or another name")
    try:
        from stemgmd_tools.separation.weights.export import export_onnx
        from stemgmd_tools.separation.weights.file import load_weights, shipped_weights
    except ModuleNotFoundError:
        raise UsageError(
            "exporting needs the extras baseline and onnx: pip install 'stemgmd-tools[baseline,onnx]'"
        ) from None
    loaded = load_weights(weights or shipped_weights())
    exported = export_onnx(out, loaded.model, loaded.about)
    length = "any number of spectra" if exported.spectra is None else f"{exported.spectra} spectra"
    click.echo(
        f"{out}: {', '.join(loaded.model.stems)}; takes {length} at once; within {exported.difference:.0e} of torch"
    )
