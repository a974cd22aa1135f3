"""Golden fingerprints: hashes of the starter set rendered through the shipped kits, in ``manifests/golden.csv``.

    python -m tools.golden            renders and writes the table
    python -m tools.golden --check    writes nothing; names what differs

A changed fingerprint means that the same command now gives other audio: note it, with its reason, in the changelog.
"""

from __future__ import annotations

import csv
import hashlib
import io
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

import click
import numpy as np

from stemgmd_tools import data
from stemgmd_tools.errors import RenderError
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.library import kits_named
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.performances.gmd.dataset import read_gmd
from stemgmd_tools.performances.select import Selection, select
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan
from stemgmd_tools.rendering.stems import Stems
from stemgmd_tools.storage.files import write_bytes

GOLDEN_TABLE: Final = "golden.csv"
PERFORMANCES: Final = 4
"""Number of performances of the starter set that are rendered through every kit."""


class Golden(NamedTuple):
    """One row of the table: default settings, 16 bits, 44.1 kHz, seed 0."""

    performance: str
    kit: str
    frames: int
    gain_db: float
    pcm_sha256: str
    """SHA-256 of the nine stems in canonical order, each interleaved little-endian int16."""


def golden_rows(kits: Iterable[Kit], *, cache: Path | None = None) -> Iterator[Golden]:
    """Render the golden performances through each kit; yield a row for each.

    :param cache: folder of the banks; default: the user's cache.
    """
    for kit in kits:
        bank = open_bank(kit, cache=cache)
        for performance in golden_performances():
            stems = mix(plan(performance, bank), bank)
            yield Golden(performance.id, kit.name, stems.frames, stems.gain_db, pcm_sha256(stems))


def golden_performances() -> list[Performance]:
    """Return the performances of the starter set that golden fingerprints cover."""
    return select(read_gmd(data.shipped("manifests") / "starter"), Selection(limit=PERFORMANCES))


def pcm_sha256(stems: Stems) -> str:
    """Return the SHA-256 of all stems' samples, in the order that :class:`Golden` describes."""
    return hashlib.sha256(np.ascontiguousarray(stems.pcm.transpose(0, 2, 1)).astype("<i2").tobytes()).hexdigest()


def recorded() -> list[Golden]:
    """Return the committed rows.

    :raises RenderError: if the table is missing.
    """
    path = data.shipped("manifests") / GOLDEN_TABLE
    try:
        with path.open(encoding="utf-8", newline="") as file:
            return [
                Golden(row["performance"], row["kit"], int(row["frames"]), float(row["gain_db"]), row["pcm_sha256"])
                for row in csv.DictReader(file)
            ]
    except OSError as error:
        raise RenderError(f"{path}: cannot be read ({error.strerror}); reinstall stemgmd-tools") from error


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail if anything sounds different.")
def main(*, check: bool) -> None:
    """Record the golden fingerprints of the starter set, or check them."""
    with tempfile.TemporaryDirectory() as folder:  # the user's cache may hold banks of an engine being worked on
        rows = list(golden_rows(kits_named(["all"]), cache=Path(folder)))
    if check:
        differing = sorted({f"{row.kit} {row.performance}" for row in set(rows) ^ set(recorded())})
        if differing:
            raise click.ClickException(f"{GOLDEN_TABLE}: other audio than recorded: {', '.join(differing)}")
        return
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Golden._fields)
    writer.writerows(rows)
    write_bytes(data.shipped("manifests") / GOLDEN_TABLE, text.getvalue().encode())


if __name__ == "__main__":
    main()
