"""``stemgmd curate``: judge the clips of a stem corpus and list those to keep."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stemgmd_tools.cli.support.options import (
    id_option,
    jobs_option,
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
    from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
    from stemgmd_tools.curation.songs import Song


@click.command(short_help="Judge the clips of a stem corpus, and list those to keep.")
@click.argument("corpus", required=False, type=LocalPath())
@click.option(
    "--out",
    type=LocalPath(file_okay=False),
    required=True,
    metavar="DIR",
    help="Folder for the report; created, or resumed if it exists.",
)
@click.option(
    "--preset",
    type=click.Choice(["drums", "htdemucs"]),
    default="drums",
    show_default=True,
    help="Activity that stems need: that of their hits, or 30 % of all seconds above -40 dB.",
)
@click.option("--keep", type=LocalPath(), metavar="FILE", help="List of clips to keep.  [default: DIR/keep.csv]")
@click.option(
    "--fail-on",
    type=click.Choice(["error", "warning", "advice"]),
    help="Exit with code 1 if a rule of this severity, or a worse one, is violated.",
)
@virtual_option
@click.option("--kits", multiple=True, type=LocalName(), metavar="NAMES", help="Kits of --virtual.  [default: all]")
@kit_path_option
@split_option
@id_option
@limit_option
@jobs_option
@quiet_option
def curate(**options: Any) -> None:
    """Judge the clips of CORPUS by rules: faults of files, levels, activity of stems.

    CORPUS is a corpus of this program, or a folder in the layout of StemGMD, MUSDB or MoisesDB, or with a folder for
    each song and one audio file for each stem.

    Writes to DIR: the manifest `curation` (a row for each clip and rule) as Parquet and CSV, `keep.csv` (clips without
    errors and warnings) and `report.md`. Resumes after interruption.
    """
    from stemgmd_tools.corpus.render.execute import worker_count
    from stemgmd_tools.curation.base import Preset, Severity
    from stemgmd_tools.curation.report import REPORT, write_results
    from stemgmd_tools.curation.run import curate as run
    from stemgmd_tools.storage.locks import alone_in

    out: Path = options["out"]
    preset = Preset(options["preset"])
    source, songs = _songs(options)
    with alone_in(out), _progress(quiet=options["quiet"]) as progress:
        result = run(out, songs, source=source, preset=preset, jobs=worker_count(options["jobs"]), progress=progress)
        keep = options["keep"] or out / "keep.csv"
        write_results(out, result, preset, keep)
    levels = (Severity.ERROR, Severity.WARNING, Severity.ADVICE)
    counts = {severity: result.count(severity) for severity in levels}
    retained = len(result.clips) - len(result.dropped)
    texts = [
        counted(count, severity.value, "advice" if severity is Severity.ADVICE else "")
        for severity, count in counts.items()
    ]
    click.echo(f"{out / REPORT}: {counted(len(result.clips), 'clip')}; {', '.join(texts)}; {keep}: {retained} to keep")
    if options["fail_on"]:
        failing = levels[: levels.index(Severity(options["fail_on"])) + 1]
        if any(counts[severity] for severity in failing):
            sys.exit(1)


def _songs(options: dict[str, Any]) -> tuple[VirtualCorpus | None, list[Song]]:
    """Return the virtual corpus, if one is asked for, and the clips to judge."""
    from stemgmd_tools.corpus.sources.open import virtual_corpus
    from stemgmd_tools.curation.songs import choose, songs_of, songs_of_source

    corpus: Path | None = options["corpus"]
    if (corpus is None) == (options["virtual"] is None):
        raise UsageError("give either CORPUS or --virtual GMD")
    if corpus is not None:
        if options["kits"]:
            raise UsageError("--kits names the kits of --virtual; leave it out with CORPUS")
        return None, choose(songs_of(corpus), options["splits"], options["ids"], options["limit"])
    source = virtual_corpus(
        options["virtual"],
        options["kits"] or ("all",),
        kit_path=options["kit_path"],
        splits=options["splits"],
        ids=options["ids"],
        limit=options["limit"],
    )
    return source, songs_of_source(source)


@contextmanager
def _progress(*, quiet: bool) -> Iterator[Callable[[int, int, float], None]]:
    """Yield a callback that shows clips done, speed and the time left."""
    from stemgmd_tools.runtime.progress import progress_on

    progress = progress_on(sys.stderr, quiet=quiet, lines=True)
    started_s = time.monotonic()

    def show(done: int, total: int, seconds: float) -> None:
        speed = seconds / max(time.monotonic() - started_s, 1e-3)
        progress.update(done, total, f"{done:,}/{total:,} clips, {speed:.0f}x real time")

    try:
        yield show
    finally:
        progress.close()
