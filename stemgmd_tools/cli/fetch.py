"""``stemgmd fetch``: download data; the only command that uses the network."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from stemgmd_tools.cli.support.paths import LocalPath
from stemgmd_tools.performances.gmd.fetch import GMD_SHA256, GMD_URL, fetch_gmd
from stemgmd_tools.runtime.quantities import counted


@click.group()
def fetch() -> None:
    """Download data; no other command uses the network."""


@fetch.command("gmd")
@click.option(
    "--to",
    "folder",
    type=LocalPath(file_okay=False),
    help="Folder to download to.  [default: the user's cache, where every command finds it]",
)
@click.option("--url", default=GMD_URL, show_default=True, help="URL of the MIDI-only archive, e.g. of a mirror.")
@click.option("--sha256", default=GMD_SHA256, show_default=True, metavar="HEX", help="Expected SHA-256 of the archive.")
def gmd(folder: Path | None, url: str, sha256: str) -> None:
    """Fetch the Groove MIDI Dataset (MIDI only, 3 MiB, CC BY 4.0)."""
    fetched = fetch_gmd(folder, url=url, sha256=sha256)
    status = "already in" if fetched.already_present else "fetched to"
    click.echo(f"Groove MIDI Dataset: {counted(fetched.performances, 'performance')} {status} {fetched.folder}")
    if folder is not None:
        quoted = shlex.quote(str(folder))
        click.echo(f"use it with --gmd {quoted}, or set STEMGMD_GMD={quoted}")
