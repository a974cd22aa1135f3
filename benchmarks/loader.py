"""How long a training step waits for segments of a virtual corpus: ``python -m benchmarks.loader``.

Batches of 24 segments of 11.85 s, five stems, rendered where they are asked for, through the chain ``larsnet``: first
loaders alone, as fast as they go, then beside a training step on the same cores. Prints one table and writes it to
``benchmarks/loader.json``, from which ``python docs/generate.py`` makes its part of ``docs/benchmarks.md``.
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
from torch import Tensor, nn

from benchmarks import material, report
from benchmarks.clock import OtherLoad
from benchmarks.results import Results, Row, machine
from stemgmd_tools.augment.chain import load_chain
from stemgmd_tools.augment.dataset import GROUP_STEMS, Batch, SegmentDataset, segment_loader
from stemgmd_tools.corpus.virtual import VirtualCorpus
from stemgmd_tools.kits.library import kits_named

SEGMENT_S = 11.85
"""As LarsNet trains on."""
CHAIN = "larsnet"
WORKERS = (0, 1, 2)
WAIT_REACH = 5.0
"""Percent of a step."""
RESULTS = Path(__file__).with_name("loader.json")
KEPT = ("processor", "cores", "system", "Python", "numpy")
_WINDOW, _HOP = 2048, 1024


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured."""

    batch: int
    loaded: int
    """Batches that are loaded and thrown away."""
    steps: int
    """Training steps."""


FULL = Size(batch=24, loaded=12, steps=6)
QUICK = Size(batch=4, loaded=4, steps=2)


class Masks(nn.Module):
    """A compact separator: masks of all stems from magnitudes, about a million parameters."""

    def __init__(self, stems: int) -> None:
        """Make the layers."""
        super().__init__()
        widths, steps = (2, 32, 64, 128, 256, 128), (2, 2, 2, 1, 1)
        layers: list[nn.Module] = []
        for before, after, step in zip(widths, widths[1:], steps, strict=False):
            layers += [nn.Conv2d(before, after, 3, step, 1), nn.BatchNorm2d(after), nn.LeakyReLU(0.2)]
        for before, after in ((128, 128), (128, 64), (64, 2 * stems)):
            layers += [nn.LeakyReLU(0.2), nn.ConvTranspose2d(before, after, 4, 2, 1)]
        self.layers = nn.Sequential(*layers)

    def forward(self, magnitudes: Tensor) -> Tensor:
        """Return masks (item, 2 x stem, bin, time) for magnitudes (item, 2, bin, time)."""
        masks: Tensor = torch.sigmoid(self.layers(magnitudes))
        return masks


def magnitudes(sound: Tensor) -> Tensor:
    """Return magnitudes (item, line, 1024, time) of sounds (item, line, frame), times cut to a multiple of 8."""
    spectrum = torch.stft(
        sound.flatten(0, 1), _WINDOW, _HOP, window=torch.hann_window(_WINDOW), return_complex=True, center=False
    )
    kept = spectrum[:, : _WINDOW // 2, : spectrum.shape[-1] // 8 * 8].abs()
    return kept.reshape(*sound.shape[:2], *kept.shape[1:])


class Trainer:
    """One model and its optimiser."""

    def __init__(self) -> None:
        """Start from fixed weights."""
        torch.manual_seed(0)
        self.model = Masks(len(GROUP_STEMS))
        self._optimiser = torch.optim.Adam(self.model.parameters(), 1e-4)

    def step(self, mixture: Tensor, stems: Tensor) -> None:
        """Go one step; magnitudes as LarsNet has them, loss L1."""
        with torch.no_grad():
            heard, wanted = magnitudes(mixture), magnitudes(stems.flatten(1, 2))
        masks = self.model(heard)
        loss = (masks * heard.repeat(1, len(GROUP_STEMS), 1, 1) - wanted).abs().mean()
        self._optimiser.zero_grad()
        loss.backward()
        self._optimiser.step()


class Spent(NamedTuple):
    """Seconds by the clock."""

    wait_s: float
    """Until the loader gave the batch."""
    augment_s: float
    """For effects on sound."""
    step_s: float


def batches(source: VirtualCorpus, batch: int, count: int, workers: int, frames: int) -> Iterator[Batch]:
    """Return ``count`` batches of a dataset; what workers have to start is behind it when the first one comes."""
    dataset = SegmentDataset(source, frames, batch * count, chain=load_chain(CHAIN))
    return iter(segment_loader(dataset, batch, num_workers=workers))


def loaded_per_second(source: VirtualCorpus, size: Size, workers: int, frames: int) -> float:
    """Return segments a second of a loader alone; the first batches, which workers have ready at once, do not count."""
    found = batches(source, size.batch, size.loaded, workers, frames)
    warm = min(1 + 2 * workers, size.loaded // 2)
    for _ in itertools.islice(found, warm):
        pass
    start = time.perf_counter()
    count = sum(len(batch.examples) for batch in found)
    return count / (time.perf_counter() - start)


def trained(source: VirtualCorpus, size: Size, workers: int, frames: int) -> Spent:
    """Return what steps were spent on; the first does not count."""
    trainer = Trainer()
    found = batches(source, size.batch, size.steps + 1, workers, frames)
    spent = []
    for _ in range(size.steps + 1):
        begin = time.perf_counter()
        batch = next(found)
        came = time.perf_counter()
        with torch.no_grad():
            augmented = batch.augmented("cpu", overwrite=True)
        ready = time.perf_counter()
        trainer.step(augmented.mixture, augmented.stems)
        spent.append(Spent(came - begin, ready - came, time.perf_counter() - ready))
    return Spent(*(sum(column) / size.steps for column in zip(*spent[1:], strict=True)))


def measure(size: Size, gmd: Path | None, kits: list[str], frames: int) -> Results:
    """Measure every row, each printed as soon as it is known."""
    others = OtherLoad()
    collection = material.source(gmd)
    found = collection.read()
    source = VirtualCorpus(found, kits_named(kits))
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
        note = f"{spent.wait_s:.2f} s of {sum(spent):.1f} s a step; effects on sound {spent.augment_s:.2f} s of it"
        reach = WAIT_REACH if workers == max(WORKERS) else None
        add(Row(f"training step waits for data, {_workers(workers)}", share, "%", at_most=reach, note=note))
    busy = others.share()
    meanwhile = "" if busy is None else f"; other processes used {busy:.0%} of the machine meanwhile"
    parameters = sum(one.numel() for one in Masks(len(GROUP_STEMS)).parameters()) / 1e6
    about = (
        f"{material.description(collection, found)} x {len(kits)} kits, batches of {size.batch} x {len(GROUP_STEMS)} "
        f"stems x {frames / source.sample_rate:.2f} s, chain {CHAIN}; a network of {parameters:.2f} M parameters"
    )
    return Results(_machine(), about + meanwhile, rows)


def _workers(count: int) -> str:
    return {0: "no workers", 1: "1 worker"}.get(count, f"{count} workers")


def _machine() -> dict[str, str]:
    found = {key: value for key, value in machine().items() if key in KEPT}
    return {**found, "torch": importlib.metadata.version("torch")}


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.loader", description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="small batches, few of them")
    parser.add_argument("--gmd", type=Path, help="the Groove MIDI Dataset; default: as for stemgmd render")
    parser.add_argument("--kits", default="cedar_hall,birch_room", help="comma-separated; default: %(default)s")
    parser.add_argument("--out", type=Path, default=RESULTS, help="where the results go; default: %(default)s")
    given = parser.parse_args()
    size = QUICK if given.quick else FULL
    results = measure(size, given.gmd, given.kits.split(","), round(SEGMENT_S * 44_100))
    results.save(given.out)
    print(report.text(results))


if __name__ == "__main__":
    main()
