"""``stemgmd explore``: look at and listen to a corpus in the browser."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from stemgmd_tools.cli.support.options import (
    id_option,
    kit_path_option,
    limit_option,
    quiet_option,
    split_option,
    virtual_option,
)
from stemgmd_tools.cli.support.paths import LocalName, LocalPath
from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.quantities import counted

if TYPE_CHECKING:
    from stemgmd_tools.explore.corpus import ExploredCorpus


@click.command()
@click.argument("corpus", required=False, type=LocalPath())
@virtual_option
@click.option(
    "--kits",
    multiple=True,
    type=LocalName(),
    metavar="NAMES",
    help="With --virtual: kits to use.  [default: all]",
)
@kit_path_option
@split_option
@id_option
@limit_option
@click.option(
    "--source",
    type=LocalPath(),
    metavar="CORPUS",
    help="The corpus that an augmented one was made from; examples can be compared with their sources.",
)
@click.option(
    "--curation",
    type=LocalPath(),
    metavar="FILE",
    help="Manifest of a curation, curation.parquet or .csv; its violated rules become flags.",
)
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Port of the server.  [default: a free one]")
@click.option("--open", "opened", is_flag=True, help="Open the page in the default browser.")
@click.option(
    "--static", type=click.IntRange(1), metavar="N", help="Write a page of N clips to --out instead; no server."
)
@click.option("--out", type=LocalPath(), metavar="FILE.html", help="With --static: page to write.")
@quiet_option
def explore(  # noqa: PLR0913, PLR0917 - the options of the command
    corpus: Path | None,
    virtual: Path | None,
    kits: tuple[str, ...],
    kit_path: tuple[Path, ...],
    splits: tuple[str, ...],
    ids: tuple[str, ...],
    limit: int | None,
    source: Path | None,
    curation: Path | None,
    port: int,
    opened: bool,
    static: int | None,
    out: Path | None,
    quiet: bool,
) -> None:
    """Show a corpus, from disk or rendered on the fly, in the browser.

    Serves a page on this computer alone until Ctrl-C: a table of the clips with filters, nine waveforms, spectrograms
    and hits of each clip, mute and solo in sync, hours by anything. Writes nothing but banks of kits to the cache.

    --split, --id and --limit select performances of --virtual.
    """
    from stemgmd_tools.corpus.sources.open import open_corpus, virtual_corpus
    from stemgmd_tools.explore.clips import read_flags
    from stemgmd_tools.explore.corpus import ExploredCorpus

    if (corpus is None) == (virtual is None):
        raise UsageError("give either CORPUS or --virtual GMD")
    if (static is None) != (out is None):
        raise UsageError("--static N and --out FILE.html belong together; give both or neither")
    if corpus is not None and (kits or splits or ids or limit is not None):
        raise UsageError("--kits, --split, --id and --limit select from --virtual; the page filters a CORPUS")
    explored = ExploredCorpus(
        open_corpus(corpus)
        if corpus is not None
        else virtual_corpus(
            virtual, kits=kits or ("all",), kit_path=kit_path, splits=splits, ids=ids, limit=limit, microphones=False
        ),
        parents=None if source is None else open_corpus(source),
        flags=None if curation is None else read_flags(curation),
        kit_path=kit_path,
    )
    if static is not None and out is not None:
        _write(explored, out, static, quiet)
    else:
        _serve(explored, port, opened)


def _write(explored: ExploredCorpus, out: Path, count: int, quiet: bool) -> None:
    """Write a static page."""
    from stemgmd_tools.explore.page import write_static_page
    from stemgmd_tools.runtime.progress import progress_on

    written = write_static_page(explored, out, count, progress_on(sys.stderr, quiet=quiet))
    click.echo(f"{out}: {counted(written, 'clip')}, {out.stat().st_size / 1e6:.1f} MB")


def _serve(explored: ExploredCorpus, port: int, opened: bool) -> None:
    """Serve the page until Ctrl-C."""
    import webbrowser

    from stemgmd_tools.explore.page import explore_page
    from stemgmd_tools.explore.server import ADDRESS, ExploreServer

    try:
        server = ExploreServer(explored, explore_page(explored), port)
    except OSError as error:
        raise UsageError(f"port {port} of {ADDRESS}: cannot be used ({error.strerror}); give another --port") from error
    with server:
        click.echo(f"{server.url} shows {explored.title}; Ctrl-C ends it")
        if opened:
            webbrowser.open(server.url)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            return
