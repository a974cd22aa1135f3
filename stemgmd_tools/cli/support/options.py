"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import click

from stemgmd_tools.cli.support.paths import LocalPath

if TYPE_CHECKING:
    from stemgmd_tools.performances.select import Selection


def selection(options: Mapping[str, Any]) -> Selection:
    """Return the selection of ``--split``, ``--id``, ``--limit`` and ``--keep``.

    :raises UsageError: if a value is not valid or the list cannot be read.
    """
    from stemgmd_tools.performances.lists.keep import read_keep
    from stemgmd_tools.performances.select import Selection

    keep = None if options["keep"] is None else read_keep(options["keep"])
    return Selection(splits=options["splits"], ids=options["ids"], limit=options["limit"], keep=keep)


virtual_option = click.option(
    "--virtual",
    type=LocalPath(),
    metavar="GMD",
    help="Without CORPUS: the Groove MIDI Dataset (folder or zip), rendered on the fly.",
)
kit_path_option = click.option(
    "--kit-path",
    multiple=True,
    type=LocalPath(),
    metavar="DIR",
    help="Folder with sample folders and your own sample maps; repeatable. Also: STEMGMD_KITS.",
)
split_option = click.option(
    "--split", "splits", multiple=True, metavar="NAME", help="Only this split: train, validation or test; repeatable."
)
id_option = click.option(
    "--id",
    "ids",
    multiple=True,
    metavar="GLOB",
    help="Only performances that match this pattern, as in 'drummer1/*'; repeatable.",
)
limit_option = click.option("--limit", type=int, metavar="N", help="Use at most N performances, evenly spaced.")
jobs_option = click.option(
    "--jobs", type=click.IntRange(1), metavar="N", help="Worker processes.  [default: all cores]"
)
keep_option = click.option(
    "--keep", type=LocalPath(), metavar="FILE", help="Only the clips of this list, as `stemgmd curate` writes it."
)
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", help="Use the Dask cluster at tcp://host:port instead of local processes."
)
shard_option = click.option(
    "--shard", metavar="I/N", help="Process shard I of N; shards share --out, or are joined by `stemgmd merge`."
)
quiet_option = click.option("--quiet", is_flag=True, help="Show no progress.")
