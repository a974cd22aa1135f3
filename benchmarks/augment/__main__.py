"""Measure: ``python -m benchmarks.augment``; writes ``benchmarks/augment.json`` and prints the table."""

from __future__ import annotations

import argparse
import importlib.metadata
import sys
from pathlib import Path

from benchmarks import report
from benchmarks.augment import batches, chain, effects, memory
from benchmarks.augment.sounds import SEGMENT_S, Batch, batch
from benchmarks.clock import OtherLoad
from benchmarks.results import Results, Row, machine

RESULTS = Path(__file__).parents[1] / "augment.json"
RECORDED_KEYS = ("processor", "cores", "system", "Python", "numpy")
LIBRARIES = ("torch", "audiomentations", "pedalboard", "scipy", "pyloudnorm")
ITEMS, REPEATS = 24, 5
QUICK_ITEMS, QUICK_REPEATS = 4, 2


def measure(items: int, repeats: int) -> Results:
    """Measure every row, each printed as soon as it is known."""
    others = OtherLoad()
    sounds = batch(items)
    rows: list[Row] = []
    for part in (chain, effects):
        part_rows = part.rows(_copied(sounds), repeats)
        rows += part_rows
        for row in part_rows:
            print(report.line(row), file=sys.stderr, flush=True)
    rows += memory.rows()
    rows += batches.rows(repeats)
    share = others.share()
    busy = "" if share is None else f"; other processes used {share:.0%} of the machine meanwhile"
    about = f"{items} examples of five groups, {SEGMENT_S} s in stereo, rendered from the starter set{busy}"
    return Results(_machine(), about, rows)


def _copied(sounds: Batch) -> Batch:
    return sounds._replace(stems=sounds.stems.clone())


def _machine() -> dict[str, str]:
    environment = {key: value for key, value in machine().items() if key in RECORDED_KEYS}
    for name in LIBRARIES:
        try:
            environment[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            environment[name] = "absent"
    return environment


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.augment", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="four examples, two repeats")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go; default: %(default)s")
    given = parser.parse_args()
    results = measure(*((QUICK_ITEMS, QUICK_REPEATS) if given.quick else (ITEMS, REPEATS)))
    results.save(given.out)
    print(report.text(results))


if __name__ == "__main__":
    main()
