"""``stemgmd fetch``: the only command that touches the network."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from stemgmd_tools.cli.support.paths import LocalPath
from stemgmd_tools.performances.gmd.fetch import GMD_SHA256, GMD_URL, fetch_gmd


@click.group()
def fetch() -> None:
    """Download data; no other command touches the network."""


@fetch.command("gmd")
@click.option(
    "--to",
    "folder",
    type=LocalPath(file_okay=False),
    help="Folder to put the dataset into. [default: the user's cache, where every command finds it]",
)
@click.option("--url", default=GMD_URL, show_default=True, help="Address of the MIDI-only archive, e.g. a mirror's.")
@click.option("--sha256", default=GMD_SHA256, show_default=True, metavar="HEX", help="Checksum the archive must have.")
def gmd(folder: Path | None, url: str, sha256: str) -> None:
    """Fetch the Groove MIDI Dataset (MIDI only, 3 MiB, CC BY 4.0); a cut download continues where it stopped."""
    fetched = fetch_gmd(folder, url=url, sha256=sha256)
    how = "already in" if fetched.already_present else "fetched to"
    click.echo(f"Groove MIDI Dataset: {fetched.performances:,} performances {how} {fetched.folder}")
    if folder is not None:
        quoted = shlex.quote(str(folder))
        click.echo(f"use it with --gmd {quoted}, or set STEMGMD_GMD={quoted}")
