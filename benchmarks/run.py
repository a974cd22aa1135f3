"""Measure speed and memory in one run: ``python -m benchmarks.run``.

Prints one table and writes it to ``benchmarks/results.json``, from which ``python docs/generate.py`` makes
``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import dataclass
from pathlib import Path

from benchmarks import banks, clips, corpora, material, memory, mixing, peers, reading, report, writing
from benchmarks.clock import OtherLoad
from benchmarks.results import Results, Row, machine
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.library import kit_names, load_kit

DEFAULT_KIT = "cedar_hall"
RESULTS = Path(__file__).with_name("results.json")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    mixed: int
    """Strata of the sample that is mixed in memory."""
    written: int
    """Strata of the sample that is written to disk."""
    repeats: int
    parse_every: int
    """Other libraries parse every so-manieth file."""
    slow_peers: bool
    built: int
    """Kits whose banks are built."""
    first_stem: bool


FULL = Size(mixed=6, written=8, repeats=3, parse_every=1, slow_peers=True, built=3, first_stem=True)
QUICK = Size(mixed=4, written=4, repeats=1, parse_every=10, slow_peers=False, built=1, first_stem=False)


def measure(size: Size, gmd: Path | None, names: list[str], soundfont: Path | None) -> Results:
    """Measure every row, each printed as soon as it is known."""
    rows: list[Row] = []
    others = OtherLoad()

    def add(part_rows: list[Row]) -> None:
        rows.extend(part_rows)
        for row in part_rows:
            print(report.line(row), file=sys.stderr, flush=True)

    collection = material.source(gmd)
    performances = collection.read()
    kits = [load_kit(name) for name in names]
    add(banks.rows(names[: size.built]))
    bank = open_bank(kits[0])
    font = peers.find_soundfont(soundfont)
    add(mixing.rows(clips.stratified(performances, size.mixed), bank, font, size.repeats, slow_peers=size.slow_peers))
    sample = clips.stratified(performances, size.written)
    written = writing.measure(sample, bank, size.repeats)
    add(written.rows)
    for kit in kits[:2]:
        open_bank(kit)
    add(corpora.rows(sample, kits[:2], collection, size.repeats, written.default_s / written.sample_s))
    if size.first_stem:
        add([corpora.first_stem()])
    add(reading.rows(collection.path, size.parse_every))
    add(memory.rows(names[0], gmd))
    about = f"{material.description(collection, performances)}; kit {kits[0].name}"
    share = others.share()
    busy = "" if share is None else f"; other processes used {share:.0%} of the machine meanwhile"
    return Results(machine(), about + busy, rows)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.run", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a small sample, without the slowest peers")
    parser.add_argument("--gmd", type=Path, help="the Groove MIDI Dataset; default: as for stemgmd render")
    parser.add_argument(
        "--kits", default="", help="comma-separated, the one measured most first; default: all that ship"
    )
    parser.add_argument("--soundfont", type=Path, help="General MIDI SoundFont for the peers")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go; default: %(default)s")
    given = parser.parse_args()
    names = given.kits.split(",") if given.kits else default_kits()
    results = measure(QUICK if given.quick else FULL, given.gmd, names, given.soundfont)
    results.save(given.out)
    print(report.text(results))


def default_kits() -> list[str]:
    """Return the kits that ship, the one that is measured most first."""
    return [DEFAULT_KIT, *(name for name in kit_names(["all"]) if name != DEFAULT_KIT)]


if __name__ == "__main__":
    main()
