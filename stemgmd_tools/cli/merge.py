"""``stemgmd merge``: join shards."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.support.paths import LocalPath


@click.command(short_help="Join the folders that shards wrote.")
@click.argument("out", type=LocalPath())
@click.argument("shards", nargs=-1, required=True, type=LocalPath())
@click.option("--jobs", type=click.IntRange(1), metavar="N", help="Processes.  [default: all cores]")
def merge(out: Path, shards: tuple[Path, ...], jobs: int | None) -> None:
    """Join the folders that `render --shard` wrote into one corpus, and write its manifests.

    Files are linked if OUT lies on the same file system, else copied; the sources stay as they are.
    """
    from stemgmd_tools.corpus.merge import merge as merge_corpora

    merged = merge_corpora(out, shards, jobs=jobs)
    click.echo(f"{out}: {merged.files:,} files of {merged.jobs:,} jobs from {merged.folders} folders")
    click.echo(f"look at it: stemgmd info {out}; check it: stemgmd verify {out}")
