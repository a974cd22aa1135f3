"""How long a training step waits for segments of a virtual corpus: ``python -m benchmarks.loader``.

Batches as ``stemgmd baseline-train`` takes them unless told otherwise (16 segments of 6 s, five stems, chain
``larsnet``), rendered where they are asked for: first loaders alone, as fast as they go, then beside steps of the
compact model on the same cores. Prints one table and writes it to ``benchmarks/loader.json``, from which
``python docs/generate.py`` makes its part of ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import torch

from benchmarks import material, report
from benchmarks.clock import OtherLoad
from benchmarks.results import Results, Row, machine
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.dataset import GROUP_STEMS, Batch, SegmentDataset, segment_loader
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.kits.library import kits_named
from stemgmd_tools.separation.networks.registry import build
from stemgmd_tools.separation.training.loop.distributed import Ranks
from stemgmd_tools.separation.training.loop.trainer import Trainer
from stemgmd_tools.separation.training.settings.schema import TrainConfig

CONFIG = TrainConfig(precision="fp32")
WORKERS = (0, 1, 2)
WAIT_REACH = 5.0
"""Percent of a step."""
RESULTS = Path(__file__).with_name("loader.json")
RECORDED_KEYS = ("processor", "cores", "system", "Python", "numpy")


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    batch: int
    loaded: int
    """Batches that are loaded and thrown away."""
    steps: int
    """Training steps."""


FULL = Size(batch=CONFIG.optimizer.items, loaded=24, steps=12)
QUICK = Size(batch=4, loaded=4, steps=2)


class Spent(NamedTuple):
    """Seconds by the clock."""

    wait_s: float
    """Until the loader gave the batch."""
    step_s: float
    """For all else: effects on sound, the network, its weights."""


class Timed(Iterator[Batch]):
    """Batches, and how long they were waited for."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        """Take the batches."""
        self._batches = batches
        self.waited_s = 0.0

    def __next__(self) -> Batch:
        """Return the next batch."""
        start = time.perf_counter()
        batch = next(self._batches)
        self.waited_s += time.perf_counter() - start
        return batch


def batches(source: VirtualCorpus, batch: int, count: int, workers: int, frames: int) -> Iterator[Batch]:
    """Return ``count`` batches of a dataset; what workers have to start is behind it when the first one comes."""
    dataset = SegmentDataset(source, frames, batch * count, chain=load_chain(CONFIG.data.chain))
    return iter(segment_loader(dataset, batch, num_workers=workers))


def loaded_per_second(source: VirtualCorpus, size: Size, workers: int, frames: int) -> float:
    """Return segments a second of a loader alone; the first batches, which workers have ready at once, do not count."""
    stream = batches(source, size.batch, size.loaded, workers, frames)
    warm = min(1 + 2 * workers, size.loaded // 2)
    for _ in itertools.islice(stream, warm):
        pass
    start = time.perf_counter()
    count = sum(len(batch.examples) for batch in stream)
    return count / (time.perf_counter() - start)


def trained(source: VirtualCorpus, size: Size, workers: int, frames: int) -> Spent:
    """Return what a step took, the mean of some; the first does not count."""
    trainer = Trainer(CONFIG, Ranks(0, 1, torch.device("cpu")), build)
    timed = Timed(batches(source, size.batch, size.steps + 1, workers, frames))
    trainer.step(timed, 0, CONFIG.optimizer.learning_rate, 0.0)
    timed.waited_s, start = 0.0, time.perf_counter()
    for step in range(1, size.steps + 1):
        trainer.step(timed, step, CONFIG.optimizer.learning_rate, 0.0)
    whole_s = (time.perf_counter() - start) / size.steps
    wait_s = timed.waited_s / size.steps
    return Spent(wait_s, whole_s - wait_s)


def measure(size: Size, gmd: Path | None, kits: list[str], frames: int) -> Results:
    """Measure every row, each printed as soon as it is known."""
    others = OtherLoad()
    collection = material.source(gmd)
    performances = collection.read()
    source = VirtualCorpus(performances, kits_named(kits))
    source.build_banks()
    rows: list[Row] = []

    def add(row: Row) -> None:
        rows.append(row)
        print(report.line(row), file=sys.stderr, flush=True)

    for workers in WORKERS:
        rate = loaded_per_second(source, size, workers, frames)
        seconds = frames / source.sample_rate
        add(Row(f"loader alone, {_workers(workers)}", rate, "segments/s", note=f"{rate * seconds:,.0f}x real time"))
    for workers in WORKERS:
        spent = trained(source, size, workers, frames)
        share = 100 * spent.wait_s / sum(spent)
        note = f"{spent.wait_s:.2f} s of {sum(spent):.1f} s a step"
        reach = WAIT_REACH if workers == max(WORKERS) else None
        add(Row(f"training step waits for data, {_workers(workers)}", share, "%", at_most=reach, note=note))
    busy = others.share()
    meanwhile = "" if busy is None else f"; other processes used {busy:.0%} of the machine meanwhile"
    about = (
        f"{material.description(collection, performances)} x {len(kits)} kits, "
        f"batches of {size.batch} x {len(GROUP_STEMS)} stems x {frames / source.sample_rate:g} s, "
        f"chain {CONFIG.data.chain}; model {CONFIG.model.name}, {CONFIG.precision}"
    )
    return Results(_machine(), about + meanwhile, rows)


def _workers(count: int) -> str:
    return {0: "no workers", 1: "1 worker"}.get(count, f"{count} workers")


def _machine() -> dict[str, str]:
    environment = {key: value for key, value in machine().items() if key in RECORDED_KEYS}
    return {**environment, "torch": importlib.metadata.version("torch")}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loader", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small batches, few of them")
    parser.add_argument("--gmd", type=Path, help="the Groove MIDI Dataset; default: as for stemgmd render")
    parser.add_argument("--kits", default="cedar_hall,birch_room", help="comma-separated; default: %(default)s")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go; default: %(default)s")
    given = parser.parse_args()
    size = QUICK if given.quick else FULL
    results = measure(size, given.gmd, given.kits.split(","), CONFIG.segment_frames)
    results.save(given.out)
    print(report.text(results))


if __name__ == "__main__":
    main()
