"""``stemgmd separate``: separate drum recordings into stems."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stemgmd_tools.cli.support.options import quiet_option
from stemgmd_tools.cli.support.paths import LocalName, LocalPath
from stemgmd_tools.errors import INTERRUPTED, AudioError, StemgmdError, UsageError, shown
from stemgmd_tools.runtime.quantities import counted

if TYPE_CHECKING:
    from stemgmd_tools.runtime.progress import Progress
    from stemgmd_tools.separation.inference.inputs import Source
    from stemgmd_tools.separation.inference.separate import SeparationSettings
    from stemgmd_tools.separation.inference.separate_files import FileResult, Output, ProgressCallback
    from stemgmd_tools.separation.networks.separator import Separator

_FORMAT_OF_SUBTYPE: Final = {"16": "int16", "24": "int24", "float": "float32"}
_MOST_NAMES: Final = 10


def _channel_list(context: click.Context, option: click.Parameter, text: str | None) -> tuple[int, ...]:
    """Parse ``1`` or ``1,2`` into channel numbers."""
    if text is None:
        return ()
    parts = text.split(",")
    if len(parts) > 2 or not all(part.isascii() and part.isdigit() and int(part) for part in parts):
        raise click.BadParameter(f"{text!r} is not one or two channels, counted from 1, as in 1,2", context, option)
    return tuple(int(part) for part in parts)


@click.command(short_help="Separate drum recordings into stems.")
@click.argument("files", nargs=-1, required=True, type=LocalName(), metavar="FILES...")
@click.option(
    "--out",
    type=LocalName(),
    default="stems",
    show_default=True,
    metavar="DIR",
    help="Output directory: stems of song.wav go to DIR/song/. -: one WAV to standard output.",
)
@click.option("--weights", type=LocalPath(), metavar="FILE", help="Model weights.  [default: the shipped weights]")
@click.option("--stem", "stems", multiple=True, metavar="NAME", help="Only this stem; repeatable.  [default: all]")
@click.option(
    "--format", "container", type=click.Choice(["wav", "flac"]), default="wav", show_default=True, help="Audio format."
)
@click.option("--subtype", type=click.Choice(list(_FORMAT_OF_SUBTYPE)), help="Bit depth.  [default: as in the input]")
@click.option("--mixture-consistent", is_flag=True, help="Make the stems sum exactly to the input.")
@click.option(
    "--wiener", type=float, metavar="ALPHA", help="Apply alpha-Wiener filtering with this exponent, usually 1 or 2."
)
@click.option(
    "--channels",
    callback=_channel_list,
    metavar="A,B",
    help="Channels to separate of files with more than two, counted from 1.",
)
@click.option("--overwrite", is_flag=True, help="Replace existing stems.")
@click.option("--allow-truncated", is_flag=True, help="Separate truncated files as far as they go.")
@click.option(
    "--device",
    default="auto",
    show_default=True,
    metavar="NAME",
    help="Device to compute on: auto, cpu, cuda, cuda:1, mps.",
)
@click.option(
    "--bf16", is_flag=True, help="Use bfloat16 for matrix products and convolutions: faster, slightly less exact."
)
@click.option("--threads", type=click.IntRange(1), metavar="N", help="CPU threads.  [default: all cores]")
@click.option("--batch", type=click.IntRange(1), metavar="N", help="Chunks per batch.  [default: 1; 8 on a GPU]")
@click.option("--segment", type=float, metavar="SECONDS", help="Length of a chunk.  [default: that of the model]")
@click.option(
    "--overlap",
    type=click.FloatRange(0, 0.5),
    default=0.25,
    show_default=True,
    help="Overlap of neighbouring chunks, as a fraction of a chunk.",
)
@quiet_option
def separate(**options: Any) -> None:
    """Separate drum recordings into stems. FILES are audio files, folders, or - for standard input.

    Any length and sample rate, mono or stereo; stems have the length and sample rate of the input. A file that cannot
    be separated does not stop the others. Resumes after interruption.
    """
    model, settings = _model(options)
    output = _output(options)
    from stemgmd_tools.runtime.interrupts import sigterm_unwinds

    if options["out"] == "-":
        try:
            _to_pipe(model, options, output, settings)
        except KeyboardInterrupt:
            click.echo("stemgmd: interrupted; the WAV on standard output is incomplete", err=True)
            sys.exit(INTERRUPTED)
        return
    # While the program waits for a pipe, SIGTERM must end it at once.
    with nullcontext() if "-" in options["files"] else sigterm_unwinds():
        _to_files(model, options, output, settings)


def _to_files(model: Separator, options: dict[str, Any], output: Output, settings: SeparationSettings) -> None:
    from stemgmd_tools.separation.inference.separate_files import separate_files
    from stemgmd_tools.storage.files import file_sha256

    sources = _sources(options["files"], output.folder)
    failed: list[tuple[str, StemgmdError]] = []
    watch = _Watch(quiet=options["quiet"])
    results = separate_files(
        model,
        sources,
        output,
        settings,
        channels=options["channels"],
        weights={"weights": file_sha256(_weights(options)), "wiener": options["wiener"]},
        progress=watch.begin,
    )
    for done in results:
        watch.end()
        if done.error is None:
            click.echo(_summary(done, output.folder / done.source.name))
            continue
        failed.append((done.source.title, done.error))
        if len(sources) > 1:
            click.echo(f"stemgmd: {done.error}", err=True)
    if len(sources) == 1 and failed:
        raise failed[0][1]
    if failed:
        named = _listed([title for title, _ in failed])
        raise AudioError(f"{len(failed)} of {len(sources)} files could not be separated: {named}")


def _sources(files: tuple[str, ...], out: Path | None) -> tuple[Source, ...]:
    """Return the recordings to separate; report the files in folders that are not audio."""
    from stemgmd_tools.separation.inference.inputs import find_sources

    inputs = find_sources(files, out)
    if inputs.skipped:
        click.echo(f"stemgmd: skipped, not audio: {_listed([shown(path) for path in inputs.skipped])}", err=True)
    return inputs.sources


def _listed(names: Sequence[str]) -> str:
    """Join names with commas, shortened to the first ten."""
    more = len(names) - _MOST_NAMES
    return ", ".join(names[:_MOST_NAMES]) + (f" and {more:,} more" if more > 0 else "")


def _to_pipe(model: Separator, options: dict[str, Any], output: Output, settings: SeparationSettings) -> None:
    from stemgmd_tools.separation.inference.separate_files import separate_to_pipe

    if options["container"] != "wav":
        raise UsageError("--out -: standard output receives WAV; leave out --format")
    sources = _sources(options["files"], None)
    if len(sources) > 1:
        raise UsageError(f"--out -: takes one file, not {len(sources)}; give --out DIR")
    watch = _Watch(quiet=options["quiet"])
    done = separate_to_pipe(
        model,
        sources[0],
        sys.stdout.buffer,
        output,
        settings,
        channels=options["channels"],
        progress=watch.begin(sources[0]),
    )
    watch.end()
    click.echo(_summary(done, None), err=True)


def _model(options: dict[str, Any]) -> tuple[Separator, SeparationSettings]:
    """Return the model and the settings it is applied with."""
    try:
        import torch

        from stemgmd_tools.devices import device_named
        from stemgmd_tools.separation.inference.allocator import keep_freed_memory
        from stemgmd_tools.separation.inference.separate import SeparationSettings, with_wiener_filter
        from stemgmd_tools.separation.weights.file import load_weights
    except ModuleNotFoundError:
        raise UsageError("separating needs the extra baseline: pip install 'stemgmd-tools[baseline]'") from None
    keep_freed_memory()
    if options["threads"]:
        torch.set_num_threads(options["threads"])
    device = device_named(options["device"], auto_order=("cuda", "mps"))
    segment_s = options["segment"]
    if segment_s is not None and not 0.1 <= segment_s <= 3600:
        raise UsageError(f"--segment {segment_s}: give 0.1 to 3600 seconds")
    model = with_wiener_filter(load_weights(_weights(options)).model, options["wiener"])
    return model, SeparationSettings(
        segment_s=segment_s,
        overlap=options["overlap"],
        batch=options["batch"] or (1 if device == "cpu" else 8),
        device=device,
        bf16=options["bf16"],
        mixture_consistent=options["mixture_consistent"],
    )


def _weights(options: dict[str, Any]) -> Path:
    from stemgmd_tools.separation.weights.file import shipped_weights

    weights: Path | None = options["weights"]
    return weights or shipped_weights()


def _output(options: dict[str, Any]) -> Output:
    from stemgmd_tools.separation.inference.separate_files import Output

    subtype = options["subtype"]
    if subtype == "float" and options["container"] == "flac":
        raise UsageError("--subtype float: FLAC holds integers; give --format wav, or --subtype 24")
    return Output(
        folder=Path(options["out"]),
        container=options["container"],
        sample_format=None if subtype is None else _FORMAT_OF_SUBTYPE[subtype],
        stems=tuple(dict.fromkeys(options["stems"])),
        overwrite=options["overwrite"],
        allow_truncated=options["allow_truncated"],
    )


class _Watch:
    """Shows a progress bar for each file in turn, if standard error is a terminal."""

    def __init__(self, *, quiet: bool) -> None:
        self._quiet = quiet
        self._progress: Progress | None = None

    def begin(self, source: Source) -> ProgressCallback:
        """Start the bar of a file; return the callback that updates it."""
        from stemgmd_tools.runtime.progress import progress_on

        start = time.monotonic()
        progress = progress_on(sys.stderr, quiet=self._quiet, title=f"{source.name} ", leave=False)
        self._progress = progress

        def update(read_s: float, total_s: float | None) -> None:
            rate = read_s / max(time.monotonic() - start, 1e-3)
            progress.update(read_s, total_s, f"{rate:.1f}x real time")

        return update

    def end(self) -> None:
        """Remove the bar."""
        if self._progress is not None:
            self._progress.close()


def _summary(done: FileResult, folder: Path | None) -> str:
    from stemgmd_tools.runtime.quantities import duration_text

    where = "" if folder is None else f" in {shown(folder)}"
    if done.skipped:
        return f"{done.source.title}: {', '.join(done.stems)}{where}; skipped, already separated with the same settings"
    speed = done.duration_s / max(done.work_s, 1e-3)
    line = (
        f"{done.source.title}: {', '.join(done.stems)}{where}; {duration_text(done.duration_s)}, {speed:.1f}x real time"
    )
    if done.clipped:
        line += f"; clipped: {counted(done.clipped, 'sample')}, --subtype float avoids this"
    if done.replaced:
        line += f"; replaced files of an interrupted run: {_listed(done.replaced)}"
    if done.lacks:
        line += f"; truncated: {done.lacks}"
    return line
