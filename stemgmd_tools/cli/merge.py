"""``stemgmd merge``: merge shards into one corpus."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.support.options import jobs_option
from stemgmd_tools.cli.support.paths import LocalPath
from stemgmd_tools.runtime.quantities import counted


@click.command(short_help="Merge the folders written by `render --shard`.")
@click.argument("out", type=LocalPath())
@click.argument("shards", nargs=-1, required=True, type=LocalPath())
@jobs_option
def merge(out: Path, shards: tuple[Path, ...], jobs: int | None) -> None:
    """Merge the folders written by `render --shard` or `augment --shard` into the corpus OUT, with its manifests.

    Files are hard-linked if OUT is on the same file system, else copied; the sources are not changed.
    """
    from stemgmd_tools.corpus.merge import merge as merge_corpora

    merged = merge_corpora(out, shards, jobs=jobs)
    files, jobs_text = counted(merged.files, "file"), counted(merged.jobs, "job")
    click.echo(f"{out}: {files} of {jobs_text} from {counted(merged.folders, 'folder')}")
    click.echo(f"look at it: stemgmd info {out}; check it: stemgmd verify {out}")
