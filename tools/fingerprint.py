"""The fingerprints of the modelled kits: SHA-256 of each bank's PCM at 44.1 kHz, in ``manifests/kits.csv``.

    python -m tools.fingerprint            compiles the modelled kits and writes the column bank_sha256
    python -m tools.fingerprint --check    writes nothing; names the kits that differ

A changed fingerprint is a changed kit: raise ``ENGINE_VERSION`` if the sample map did not change, and note it in the
changelog.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import click

from stemgmd_tools import data
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.kits.kit_table import KIT_TABLE, TABLE_RATE, kit_table
from stemgmd_tools.kits.library import kits_named
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.storage.files import write_bytes


class _Nowhere(io.RawIOBase):
    """A sink that discards its input."""

    def writable(self) -> bool:
        return True

    def write(self, content: Any) -> int:
        return memoryview(content).nbytes


def recorded_sha256(name: str) -> str:
    """Return the recorded PCM hash of a modelled kit at 44.1 kHz; empty if there is none."""
    return {row.name: row.bank_sha256 for row in kit_table()}.get(name, "")


def fingerprint(kit: Kit) -> str:
    """Compile a kit at 44.1 kHz without storing it, and return the SHA-256 of its PCM."""
    return compile_bank(kit, TABLE_RATE, io.BufferedWriter(_Nowhere())).pcm_sha256


def fingerprints(kits: Iterable[Kit], jobs: int = 1) -> dict[str, str]:
    """Return the fingerprint of each kit by name, compiled ``jobs`` at a time."""
    kits = tuple(kits)
    hashes = results_of(workers(jobs, ordered=True), (delayed(fingerprint)(kit) for kit in kits))
    return dict(zip((kit.name for kit in kits), hashes, strict=True))


def write_fingerprints(hashes: Mapping[str, str]) -> None:
    """Update the fingerprints in ``manifests/kits.csv``; other columns and rows are not changed."""
    path = data.shipped("manifests") / KIT_TABLE
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        columns, rows = list(reader.fieldnames or ()), list(reader)
    for row in rows:
        row["bank_sha256"] = hashes.get(row["name"], row["bank_sha256"])
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    write_bytes(path, text.getvalue().encode())


@click.command()
@click.argument("names", nargs=-1)
@click.option("--check", is_flag=True, help="Write nothing; fail if a kit differs from what is recorded.")
@click.option("--jobs", default=-1, show_default=True, help="Processes; -1: one per core.")
def main(names: tuple[str, ...], *, check: bool, jobs: int) -> None:
    """Record the fingerprints of the modelled kits, or check them."""
    compiled = fingerprints(kits_named(names or ("all",)), jobs)
    recorded = {name: recorded_sha256(name) for name in compiled}
    differing = [name for name, sha256 in compiled.items() if sha256 != recorded[name]]
    if not check:
        write_fingerprints(compiled)
    for name in differing:
        click.echo(f"{name}: {recorded[name] or 'nothing'} recorded, {compiled[name]} compiled")
    if check and differing:
        raise click.ClickException(
            f"{KIT_TABLE}: {len(differing)} of {len(compiled)} kits differ from their recorded fingerprints"
        )


if __name__ == "__main__":
    main()
