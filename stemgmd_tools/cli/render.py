"""``stemgmd render``: render performances through kits to a corpus."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stemgmd_tools.cli.support.options import (
    id_option,
    jobs_option,
    kit_path_option,
    limit_option,
    quiet_option,
    scheduler_option,
    shard_option,
    split_option,
)
from stemgmd_tools.cli.support.paths import LocalName, LocalPath
from stemgmd_tools.errors import UsageError
from stemgmd_tools.rendering.settings import DEFAULT_FLAC_LEVEL
from stemgmd_tools.runtime.quantities import counted

if TYPE_CHECKING:
    from stemgmd_tools.corpus.render.run import Report, Request
    from stemgmd_tools.performances.select import Selection
    from stemgmd_tools.rendering.settings import RenderSettings

_FORMAT_OF_SUBTYPE: Final = {"16": "int16", "24": "int24", "float": "float32"}


def _bpm_range(text: str | None) -> tuple[float | None, float | None]:
    """Parse ``LO-HI``, ``LO-`` or ``-HI``; return the bounds, None where omitted."""
    if text is None:
        return None, None
    number = r"(\d+(?:\.\d+)?)?"
    match = re.fullmatch(f"{number}-{number}", text)
    if not match or text == "-":
        raise UsageError(f"bpm {text!r}: must have the form LO-HI, LO- or -HI, as in 90-120")
    low, high = match.groups()
    return (float(low) if low else None, float(high) if high else None)


@click.command(short_help="Render performances through kits to a corpus.")
@click.option("--gmd", type=LocalPath(), metavar="PATH", help="The Groove MIDI Dataset, folder or zip.")
@click.option("--midi", type=LocalPath(), metavar="PATH", help="Other drum MIDI, folder or file.")
@click.option("--strict", is_flag=True, help="Fail before any work if a --midi file cannot be used.")
@click.option(
    "--mapping",
    type=click.Choice(["td11", "gm", "stemgmd"]),
    default="td11",
    show_default=True,
    help="Note numbers of --midi: td11 or gm. stemgmd: one sound per piece, as in the original StemGMD.",
)
@click.option(
    "--kits",
    multiple=True,
    type=LocalName(),
    default=("all",),
    metavar="NAMES",
    help="all, train, heldout, or names (comma-separated, repeatable), also of your own sample maps; "
    "random:7..106 for new kits, morph:A+B:0.3 for a kit between two.  [default: all]",
)
@kit_path_option
@click.option(
    "--out",
    type=LocalPath(),
    default=Path("corpus"),
    show_default=True,
    metavar="DIR",
    help="Corpus directory; created, or resumed and extended if it exists.",
)
@jobs_option
@scheduler_option
@shard_option
@click.option(
    "--seed",
    type=click.IntRange(0),
    default=0,
    show_default=True,
    metavar="N",
    help="Random seed; selects among several takes of a hit, and performances with --hours.",
)
@click.option("--sample-rate", type=int, default=44_100, show_default=True, metavar="HZ", help="8000 to 192000.")
@click.option(
    "--format",
    "container",
    type=click.Choice(["flac", "wav"]),
    help="Audio format.  [default: flac; wav with --layout stemgmd]",
)
@click.option(
    "--subtype",
    type=click.Choice(list(_FORMAT_OF_SUBTYPE)),
    default="16",
    show_default=True,
    help="Bit depth; float: 32-bit float, WAV only.",
)
@click.option(
    "--layout",
    type=click.Choice(["native", "stemgmd"]),
    default="native",
    show_default=True,
    help="Folder layout; stemgmd: folders and names of the original StemGMD, 16-bit WAV.",
)
@click.option(
    "--tail",
    type=click.Choice(["natural", "cut"]),
    default="natural",
    show_default=True,
    help="Let the last sounds ring out (natural), or cut at the end of the performance (cut).",
)
@click.option("--groups", is_flag=True, help="Also write the five LarsNet group stems.")
@click.option(
    "--microphones",
    is_flag=True,
    help="Also write what each microphone of a recorded kit hears, of each piece and as a whole.",
)
@click.option(
    "--flac-level",
    type=click.IntRange(0, 8),
    default=DEFAULT_FLAC_LEVEL,
    show_default=True,
    metavar="0-8",
    help="FLAC compression level.",
)
@click.option(
    "--single-hits/--no-single-hits",
    default=True,
    show_default=True,
    help="Also write single hits of every articulation at ten velocities.",
)
@split_option
@click.option(
    "--drummer", "drummers", multiple=True, metavar="NAME", help="Only this drummer, as in drummer1; repeatable."
)
@click.option(
    "--style", "styles", multiple=True, metavar="NAME", help="Only this style, as in funk or funk/groove1; repeatable."
)
@click.option("--bpm", metavar="LO-HI", help="Only this tempo range; either bound may be omitted, as in 120-.")
@click.option(
    "--beat-type", "beat_types", multiple=True, metavar="NAME", help="Only this type: beat or fill; repeatable."
)
@id_option
@limit_option
@click.option(
    "--hours",
    type=float,
    metavar="H",
    help="Use a random subset, drawn with --seed, of at most H performance hours (each performance counted once).",
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print counts, performance and stem hours, estimated disk space and time; write nothing.",
)
@quiet_option
def render(**options: Any) -> None:
    """Render performances through kits to aligned stems, mixtures, single hits, MIDI and manifests.

    Performances come from --gmd or --midi, else from STEMGMD_GMD, else from `stemgmd fetch gmd`, else from the starter
    set. Resumes after interruption; with more performances or kits, extends an existing corpus.
    """
    from stemgmd_tools.corpus.folder.locks import Shard
    from stemgmd_tools.corpus.render.execute import worker_count
    from stemgmd_tools.corpus.render.run import plan_run, render_corpus
    from stemgmd_tools.runtime.progress import progress_on

    request = _request(options)
    out: Path = options["out"]
    shard = Shard.parse(options["shard"]) if options["shard"] else None
    if options["dry_run"]:
        _, estimated = plan_run(out, request, shard)
        click.echo("\n".join(estimated.lines(worker_count(options["jobs"]))))
        return
    progress = progress_on(sys.stderr, quiet=options["quiet"])
    report = render_corpus(
        out, request, jobs=options["jobs"], scheduler=options["scheduler"], shard=shard, progress=progress
    )
    click.echo("\n".join(_summary(out, report)))


def _request(options: dict[str, Any]) -> Request:
    """Return the request that the options describe; print the source of the performances."""
    from stemgmd_tools.corpus.render.run import Request
    from stemgmd_tools.kits.library import kits_named, search_path
    from stemgmd_tools.performances.mapping import reading_mapping
    from stemgmd_tools.performances.select import select
    from stemgmd_tools.performances.source import find_source

    source = find_source(gmd=options["gmd"], midi=options["midi"], mapping=reading_mapping(options["mapping"]))
    click.echo(source.notice, err=True)
    return Request(
        performances=select(source.read(strict=options["strict"]), _selection(options)),
        midi=source.midi(),
        source=source.kind.value,
        kits=kits_named(options["kits"], search_path(options["kit_path"])),
        settings=_settings(options),
        single_hits=options["single_hits"],
    )


def _selection(options: dict[str, Any]) -> Selection:
    from stemgmd_tools.performances.select import Selection

    low, high = _bpm_range(options["bpm"])
    names = ("splits", "drummers", "styles", "beat_types", "ids", "limit", "hours", "seed")
    return Selection(**{name: options[name] for name in names}, bpm_min=low, bpm_max=high)


def _settings(options: dict[str, Any]) -> RenderSettings:
    from stemgmd_tools.rendering.settings import RenderSettings

    original = options["layout"] == "stemgmd"
    container = options["container"] or ("wav" if original else "flac")
    if original and (container, options["subtype"]) != ("wav", "16"):
        raise UsageError("--layout stemgmd is 16-bit WAV; leave out --format and --subtype")
    names = ("seed", "sample_rate", "layout", "mapping", "tail", "groups", "flac_level", "microphones")
    return RenderSettings(
        **{name: options[name] for name in names},
        container=container,  # type: ignore[arg-type]
        sample_format=_FORMAT_OF_SUBTYPE[options["subtype"]],  # type: ignore[arg-type]
    )


def _summary(out: Path, report: Report) -> list[str]:
    """Return the lines that summarise the corpus and how to inspect it."""
    from stemgmd_tools.corpus.sources.disk import Corpus
    from stemgmd_tools.runtime.quantities import size_text

    done = f"{counted(report.rendered, 'job')} done, {report.jobs - report.rendered:,} already complete"
    if not report.complete:
        return [
            f"{out}: this shard is done ({done}, {size_text(report.bytes)}); the manifests follow with the last one"
        ]
    corpus = Corpus(out)
    stems = corpus.tracks
    track_h = stems["frames"].sum() / stems["sample_rate"].iloc[0] / 3600
    size = size_text(stems["bytes"].sum())
    performance_h = corpus.performances["duration_s"].sum() / 3600
    grid = (
        f"{counted(len(corpus.performances), 'performance')} ({performance_h:,.2f} performance hours) "
        f"x {counted(stems['kit'].nunique(), 'kit')}"
    )
    return [
        f"{out}: {grid}, {counted(len(stems), 'track')}, {track_h:,.2f} track hours, {size} ({done})",
        f"look at it: stemgmd info {out}; check it: stemgmd verify {out}; rows: {out / 'manifests'}",
    ]
