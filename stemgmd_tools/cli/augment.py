"""``stemgmd augment``: augment a corpus by a chain of effects, from disk or rendered on the fly."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stemgmd_tools.cli.support.options import (
    id_option,
    keep_option,
    kit_path_option,
    limit_option,
    quiet_option,
    scheduler_option,
    selection,
    shard_option,
    split_option,
)
from stemgmd_tools.cli.support.paths import LocalName, LocalPath
from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.quantities import counted

if TYPE_CHECKING:
    from stemgmd_tools.augment.corpus.run import AugmentRequest
    from stemgmd_tools.augment.symbolic.source_spec import SourceSpec
    from stemgmd_tools.corpus.render.run import Report

DEFAULT_CHAIN: Final = "larsnet"


@click.command(short_help="Augment a corpus by a chain of effects; every draw is recorded.")
@click.argument("corpus", required=False, type=LocalPath())
@click.option(
    "--chain",
    type=LocalName(),
    metavar="NAME",
    help="larsnet, demucs, demucs-finetune, cacophony, mixing, studio, mastered, none, or the path of a YAML file.  "
    f"[default: {DEFAULT_CHAIN}]",
)
@click.option(
    "--copies", type=click.IntRange(1), default=1, show_default=True, metavar="N", help="Augmented copies per example."
)
@click.option(
    "--batch",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    metavar="N",
    help="Compute up to N examples together, within 0.5 GB of stems; same bytes on a CPU.",
)
@click.option(
    "--device",
    type=click.Choice(["auto", "cpu", "cuda"]),
    default="auto",
    show_default=True,
    help="Device to compute on.",
)
@click.option(
    "--out",
    type=LocalPath(),
    default=Path("augmented"),
    show_default=True,
    metavar="DIR",
    help="Corpus directory; created, or resumed and extended if it exists.",
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, metavar="N", help="Random seed.")
@click.option("--gmd", type=LocalPath(), metavar="PATH", help="Without CORPUS: the Groove MIDI Dataset, folder or zip.")
@click.option("--midi", type=LocalPath(), metavar="PATH", help="Without CORPUS: other drum MIDI, folder or file.")
@click.option("--strict", is_flag=True, help="Fail before any work if a --midi file cannot be used.")
@click.option(
    "--kits",
    multiple=True,
    type=LocalName(),
    metavar="NAMES",
    help="Kits to use.  [default: the kits of CORPUS; without CORPUS, all]",
)
@kit_path_option
@click.option(
    "--impulse-responses",
    type=LocalPath(exists=True, file_okay=False),
    metavar="DIR",
    help="Folder with the files named by `impulse_response` in a chain.",
)
@split_option
@id_option
@limit_option
@keep_option
@click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Worker processes.  [default: all cores; 1 with cuda]"
)
@scheduler_option
@shard_option
@click.option(
    "--replay",
    type=LocalPath(),
    metavar="ROWS",
    help="Recreate the examples of these rows (manifests/augmentations.parquet or .csv, or a subset).",
)
@click.option(
    "--preview", type=click.IntRange(1), metavar="N", help="Write an HTML page with N examples to --out instead."
)
@click.option(
    "--dry-run",
    is_flag=True,
    help="Print counts, performance and stem hours, estimated disk space and time; write nothing.",
)
@quiet_option
def augment(**options: Any) -> None:
    """Augment CORPUS, or performances rendered on the fly, by a chain of effects.

    Writes a corpus of augmented examples. Its manifest `augmentations` records every draw; hit times follow the audio.
    Resumes after interruption. --replay recreates examples from their rows, bit-identical on the same device.
    """
    _need_torch()
    from stemgmd_tools.augment.corpus.preview_run import preview
    from stemgmd_tools.corpus.folder.locks import Shard
    from stemgmd_tools.corpus.render.run import plan_run, render_corpus
    from stemgmd_tools.runtime.progress import progress_on

    request = _request(options)
    out: Path = options["out"]
    if options["preview"]:
        click.echo(f"open {preview(out, request, options['preview'])}")
        return
    shard = Shard.parse(options["shard"]) if options["shard"] else None
    workers = _workers(options["jobs"], request)
    if options["dry_run"]:
        _, estimated = plan_run(out, request, shard)
        click.echo("\n".join(estimated.lines(workers)))
        return
    progress = progress_on(sys.stderr, quiet=options["quiet"])
    report = render_corpus(out, request, jobs=workers, scheduler=options["scheduler"], shard=shard, progress=progress)
    click.echo("\n".join(_summary(out, request, report)))


def _request(options: dict[str, Any]) -> AugmentRequest:
    """Return the request that the options describe."""
    _refuse_out_in_corpus(options["out"], options["corpus"])
    origin, source = _origin(options)
    return _replaying(options, origin, source) if options["replay"] else _drawing(options, origin, source)


def _replaying(options: dict[str, Any], origin: SourceSpec, source: str) -> AugmentRequest:
    """Return a request for recorded rows; report if they were computed with another device or other libraries."""
    from stemgmd_tools.augment.chain.manifest_rows import read_drawn
    from stemgmd_tools.augment.corpus.libraries import environment_difference
    from stemgmd_tools.augment.corpus.run import AugmentRequest

    _refuse(
        options, "replay", ("chain", "kits", "splits", "ids", "limit", "keep") if origin.corpus else ("chain", "keep")
    )
    for name, default in (("copies", 1), ("seed", 0)):
        if options[name] != default:
            raise UsageError(f"--{name} cannot be used with --replay, whose rows determine it; leave it out")
    given = read_drawn(options["replay"])
    recorded, asked = given[0].augmentation, options["device"]
    device = _device(recorded.device if asked == "auto" else asked)
    request = AugmentRequest(origin, source, replace(recorded, device=device), replayed=given, batch=options["batch"])
    note = environment_difference(given[0], request.augmentation)
    if note:
        click.echo(f"{options['replay']}: {note}", err=True)
    return request


def _drawing(options: dict[str, Any], origin: SourceSpec, source: str) -> AugmentRequest:
    """Return a request whose rows are drawn from a chain."""
    from stemgmd_tools.augment.chain.chain import load_chain
    from stemgmd_tools.augment.corpus.run import AugmentRequest
    from stemgmd_tools.corpus.folder.identity import Augmentation

    chain = load_chain(options["chain"] or DEFAULT_CHAIN)
    return AugmentRequest(
        origin,
        source,
        Augmentation(chain.name, chain.hash, options["seed"], _device(options["device"])),
        chain,
        copies=options["copies"],
        selected_kits=_names(options["kits"]) if origin.corpus else (),
        selection=selection(options),
        batch=options["batch"],
    )


def _origin(options: dict[str, Any]) -> tuple[SourceSpec, str]:
    """Return the source, and the kind of collection of its performances."""
    from stemgmd_tools.augment.symbolic.source_spec import SourceSpec
    from stemgmd_tools.corpus.folder.identity import require_identity
    from stemgmd_tools.performances.source import find_source

    corpus: Path | None = options["corpus"]
    kit_path = tuple(path.absolute() for path in options["kit_path"])
    responses: Path | None = options["impulse_responses"]
    responses = responses and responses.absolute()
    if corpus is not None:
        _refuse(options, "CORPUS", ("gmd", "midi"))
        return SourceSpec(corpus.absolute(), kit_path=kit_path, impulse_responses=responses), require_identity(
            corpus
        ).source
    performances = find_source(gmd=options["gmd"], midi=options["midi"])
    click.echo(performances.notice, err=True)
    if options["strict"]:
        performances.read(strict=True)
    kits = tuple(options["kits"]) or ("all",)
    gmd, midi = (None if path is None else path.absolute() for path in (options["gmd"], options["midi"]))
    origin = SourceSpec(None, gmd=gmd, midi=midi, kits=kits, kit_path=kit_path, impulse_responses=responses)
    return origin, performances.kind.value


def _refuse(options: dict[str, Any], with_what: str, names: tuple[str, ...]) -> None:
    for name in names:
        if options[name]:
            raise UsageError(
                f"--{name.removesuffix('s').replace('_', '-')} cannot be used with {with_what}; leave it out"
            )


def _refuse_out_in_corpus(out: Path, corpus: Path | None) -> None:
    if corpus is not None and out.resolve().is_relative_to(corpus.resolve()):
        raise UsageError(f"--out {out}: is inside the input corpus {corpus}; choose another folder")


def _names(kits: tuple[str, ...]) -> tuple[str, ...]:
    """Split names at commas."""
    return tuple(dict.fromkeys(name for text in kits for name in text.split(",") if name and name != "all"))


def _device(name: str) -> str:
    """Return the name of the device."""
    from stemgmd_tools.devices import device_named

    return device_named(name)


def _need_torch() -> None:
    """Check that PyTorch is installed.

    :raises UsageError: if it is not.
    """
    try:
        import torch  # noqa: F401
    except ModuleNotFoundError:
        raise UsageError("augmenting needs the extra augment: pip install 'stemgmd-tools[augment]'") from None


def _workers(jobs: int | None, request: AugmentRequest) -> int:
    from stemgmd_tools.corpus.render.execute import worker_count

    return 1 if jobs is None and request.augmentation.device == "cuda" else worker_count(jobs)


def _summary(out: Path, request: AugmentRequest, report: Report) -> list[str]:
    """Return the lines that summarise the corpus and how to inspect it."""
    from stemgmd_tools.runtime.quantities import size_text

    done = f"{counted(report.rendered, 'example')} rendered, {report.jobs - report.rendered:,} already complete"
    if not report.complete:
        return [f"{out}: this shard is done ({done}); the manifests follow with the last one"]
    chain = request.augmentation.chain
    return [
        f"{out}: {counted(report.jobs, 'example')} through chain {chain}, {size_text(report.bytes)} ({done})",
        f"check it: stemgmd verify {out}; every draw: {out / 'manifests' / 'augmentations.parquet'}",
    ]
