"""``stemgmd info``: what a corpus amounts to."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.support.paths import LocalPath


@click.command()
@click.argument("corpus", type=LocalPath())
def info(corpus: Path) -> None:
    """Count a corpus: hours by kit, piece and split, hits, size."""
    from stemgmd_tools.corpus.info import describe
    from stemgmd_tools.corpus.sources.disk import Corpus

    click.echo("\n".join(describe(Corpus(corpus))))
