"""Options that several commands share."""

from __future__ import annotations

import click

from stemgmd_tools.cli.support.paths import LocalPath

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
scheduler_option = click.option(
    "--scheduler", metavar="ADDRESS", help="Use the Dask cluster at tcp://host:port instead of local processes."
)
shard_option = click.option(
    "--shard", metavar="I/N", help="Process shard I of N; shards share --out, or are joined by `stemgmd merge`."
)
quiet_option = click.option("--quiet", is_flag=True, help="Show no progress.")
