"""``stemgmd verify``: check the files of a corpus against its manifests."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from stemgmd_tools.cli.support.options import jobs_option, quiet_option
from stemgmd_tools.cli.support.paths import LocalPath
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.runtime.quantities import counted

MOST_SHOWN = 200


@click.command(short_help="Check a corpus: files, manifests, mixtures, onsets, splits.")
@click.argument("corpus", type=LocalPath())
@jobs_option
@quiet_option
def verify(corpus: Path, jobs: int | None, quiet: bool) -> None:
    """Check every file of a corpus against its manifests, and the manifests against the audio.

    Checks hashes, lengths, mixture = sum of stems, onsets measured on the audio, and splits. Fails with a table of
    the problems.
    """
    from stemgmd_tools.augment.corpus.verify_corpus import verify_corpus
    from stemgmd_tools.corpus.verify.findings import failure_table
    from stemgmd_tools.runtime.progress import counter_on

    with counter_on(sys.stderr, quiet=quiet) as progress:
        verdict = verify_corpus(corpus, jobs=jobs, progress=progress)
    for note in verdict.notes:
        click.echo(f"note: {note}", err=True)
    if verdict.failures:
        click.echo("\n".join(failure_table(verdict.failures[:MOST_SHOWN])))
        raise CorpusError(
            f"{corpus}: {counted(len(verdict.failures), 'check')} failed; "
            "the same `render` command repairs damaged files"
        )
    summary = f"{corpus}: {counted(verdict.files, 'file')} as the rows say, {counted(verdict.onsets, 'onset')} measured"
    if verdict.rises is not None:
        low, median, high = (f"{1000 * rise:+.1f}" for rise in verdict.rises)
        summary += f"; by their steepest rise they lie {low} to {high} ms from the hits (5 to 95 %, median {median})"
    click.echo(summary)
