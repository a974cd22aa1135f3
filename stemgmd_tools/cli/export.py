"""``stemgmd export``: write a corpus in a format of other programs; one command per format that is declared."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from stemgmd_tools.cli.support.options import (
    id_option,
    jobs_option,
    keep_option,
    kit_path_option,
    limit_option,
    quiet_option,
    selection,
    split_option,
    virtual_option,
)
from stemgmd_tools.cli.support.paths import LocalName, LocalPath
from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.quantities import counted

if TYPE_CHECKING:
    from stemgmd_tools.exports.base import Export, ExportRequest


class Formats(click.Group):
    """A group with a command for each format."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002
        """Return the names of the formats."""
        from stemgmd_tools.exports.base import formats

        return list(formats())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Return the command of a format."""
        from stemgmd_tools.exports.base import formats

        export = formats().get(cmd_name)
        return None if export is None else _command(export)


@click.group(cls=Formats, short_help="Export a corpus in formats of other programs.")
def export() -> None:
    """Export a corpus, from disk or rendered on the fly, in a format of other programs or datasets.

    Resumes after interruption; never writes to a folder that holds anything else.
    """


_corpus_argument = click.argument("corpus", required=False, type=LocalPath())
_kits_option = click.option(
    "--kits",
    multiple=True,
    type=LocalName(),
    metavar="NAMES",
    help="Kits to use.  [default: the kits of CORPUS; without CORPUS, all]",
)
_out_option = click.option(
    "--out",
    type=LocalPath(file_okay=False),
    required=True,
    metavar="DIR",
    help="Output directory; created, or resumed if it exists.",
)


def _command(export: Export) -> click.Command:
    """Return the command of a format."""

    def run(**options: Any) -> None:
        from stemgmd_tools.exports.base import export as write

        report = write(export.name, _request(export, options))
        status = "already there" if report.unchanged else "written"
        click.echo(f"{options['out']}: {counted(report.files, 'file')} {status}")

    for option in reversed(export.options):
        choice = click.Choice(list(option.choices))
        decorate = click.option(
            f"--{option.name}", type=choice, default=option.default, show_default=True, help=option.help
        )
        run = decorate(run)
    shared = (virtual_option, _kits_option, kit_path_option, split_option, id_option, limit_option, keep_option)
    for decorate in reversed((_corpus_argument, _out_option, *shared, jobs_option, quiet_option)):
        run = decorate(run)
    return click.command(export.name, help=export.description, short_help=export.summary)(run)


def _request(export: Export, options: dict[str, Any]) -> ExportRequest:
    """Return what to export, from the options of a command."""
    from stemgmd_tools.corpus.sources.open import open_corpus
    from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
    from stemgmd_tools.exports.base import ExportRequest
    from stemgmd_tools.kits.library import kits_named, search_path
    from stemgmd_tools.performances.source import find_source
    from stemgmd_tools.runtime.progress import progress_on

    corpus: Path | None = options["corpus"]
    if (corpus is None) == (options["virtual"] is None):
        raise UsageError("give either CORPUS or --virtual GMD")
    shared: dict[str, Any] = {
        "out": options["out"],
        "options": {option.name: options[option.name] for option in export.options},
        "selection": selection(options),
        "jobs": options["jobs"],
        "progress": progress_on(sys.stderr, quiet=options["quiet"]),
    }
    if corpus is not None:
        names = tuple(name for text in options["kits"] for name in text.split(","))
        return ExportRequest(open_corpus(corpus), kits=names, **shared)
    collection = find_source(gmd=options["virtual"])
    kits = kits_named(options["kits"] or ("all",), search_path(options["kit_path"]))
    source = VirtualCorpus(collection.read(), kits)
    return ExportRequest(source, midi=collection.midi(), collection=collection.kind.value, **shared)
