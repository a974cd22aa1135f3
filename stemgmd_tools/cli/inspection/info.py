"""``stemgmd info``: summarise a corpus."""

from __future__ import annotations

from pathlib import Path

import click

from stemgmd_tools.cli.support.paths import LocalPath


@click.command()
@click.argument("corpus", type=LocalPath())
def info(corpus: Path) -> None:
    """Summarise a corpus: performance and stem hours, number of hits, size, credits and licences."""
    from stemgmd_tools.corpus.info import describe
    from stemgmd_tools.corpus.sources.disk import Corpus

    click.echo("\n".join(describe(Corpus(corpus))))
