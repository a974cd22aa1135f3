"""``stemgmd evaluate --recordings``: the part of the command that measures real recordings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.quantities import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from stemgmd_tools.separation.evaluation.methods.base import Method

_OF_CORPORA: Final = ("corpus", "virtual", "kits", "test_kits", "splits", "ids", "keep", "max_s")
_NEED_STEMS: Final = ("irm", "psm")


def evaluate_folder(options: dict[str, Any], methods: Sequence[Method]) -> None:
    """Measure methods, and estimates if given, on the recordings of a folder; write table and report."""
    from stemgmd_tools.runtime.progress import counter_on
    from stemgmd_tools.separation.evaluation.recordings.clip import Estimates
    from stemgmd_tools.separation.evaluation.recordings.report import write_results
    from stemgmd_tools.separation.evaluation.recordings.run import annotated_stems, evaluate_recordings
    from stemgmd_tools.separation.evaluation.recordings.track import find_recordings
    from stemgmd_tools.storage.figures import empty_figure
    from stemgmd_tools.storage.locks import alone_in

    if options["page"]:
        empty_figure(1.0, 1.0)  # fails here, not after minutes of work, if matplotlib is missing
    folder: Path = options["recordings"]
    layout, recordings = find_recordings(folder, options["layout"])
    recordings = recordings[: options["limit"]]
    stems = annotated_stems(layout)
    everything = [*methods, *(Estimates(path, recordings, stems) for path in options["estimates"])]
    names = [method.name for method in everything]
    if not names:
        raise UsageError("nothing to evaluate: give --weights FILE, --estimates DIR, or --method mixture, nmfd, sanmf")
    with alone_in(options["out"]):
        with counter_on(sys.stderr, quiet=options["quiet"]) as progress:
            table = evaluate_recordings(
                options["out"], everything, recordings, stems, jobs=options["jobs"], progress=progress
            )
        ignored = sum(recording.ignored for recording in recordings)
        about = (
            f"{counted(len(recordings), 'recording')} ({layout.title}), {counted(len(table), 'row')}; "
            f"{counted(ignored, 'annotated stroke')} of instruments in no stem are left out."
        )
        written, report = write_results(options["out"], table, names, about)
        click.echo(f"{written}: {counted(len(table), 'row')}; {report}")
        if options["page"]:
            from stemgmd_tools.separation.evaluation.recordings.page import write_page

            with counter_on(sys.stderr, quiet=options["quiet"]) as progress:
                page = write_page(options["out"], about, table, everything, recordings, stems, progress)
            click.echo(f"open {page}")


def check_options(options: dict[str, Any]) -> None:
    """Check that the options fit recordings, or that there are none of recordings without them.

    :raises UsageError: if not.
    """
    if options["recordings"] is None:
        for name in ("layout", "estimates"):
            if options[name]:
                raise UsageError(f"--{name} needs --recordings DIR")
        return
    for name in _OF_CORPORA:
        if options[name]:
            raise UsageError(f"--recordings cannot be used with {_shown(name)}; leave one of them out")
    for name in _NEED_STEMS:
        if name in options["methods"]:
            raise UsageError(f"--method {name} cannot be used with --recordings: it needs true stems; leave it out")
    if options["templates"] == "own" or options["stems"] == "nine":
        raise UsageError(
            "--recordings measures five stems, with templates of training kits; leave --stems and --templates out"
        )


def _shown(name: str) -> str:
    """Return an option as it is typed."""
    return {"corpus": "CORPUS", "splits": "--split", "ids": "--id"}.get(name, f"--{name.replace('_', '-')}")
