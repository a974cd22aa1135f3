"""The audio steps of the ``larsnet`` chain over a batch, two processes of one thread each, ours and the peers'."""

from __future__ import annotations

import multiprocessing
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection

import numpy as np
import torch

from benchmarks.augment import peers
from benchmarks.augment.sounds import RATE, SEGMENT_S, Batch
from benchmarks.results import Row
from stemgmd_tools.augment.apply import apply

PROCESSES = 2
REACH = 5.0


def rows(batch: Batch, repeats: int) -> list[Row]:
    """Measure both in turn; every process has its items in memory before the clock starts."""
    items = len(batch.stems)
    try:
        [peers.chain_effect(row.effect, row.parameters) for rows in batch.rows for row in rows]
    except ImportError as error:
        return [Row("larsnet chain: peers", None, "x", note=f"{error.name} is not installed")]
    ours, theirs = _Workers(_our_items, batch), _Workers(_their_items, batch)
    timings = [(ours.turn(), theirs.turn()) for _ in range(repeats + 1)][1:]
    ours.close()
    theirs.close()
    stem_s, mixture_s = items * batch.stems.shape[1] * SEGMENT_S, items * SEGMENT_S
    wall = [statistics.median(pair[side][0] for pair in timings) for side in (0, 1)]
    cpu = [statistics.median(pair[side][1] for pair in timings) for side in (0, 1)]
    what = f"larsnet chain on sound, {items} x {batch.stems.shape[1]} stems x {SEGMENT_S} s"
    return [
        Row(what, mixture_s / wall[0], "x", note=f"mixtures; {stem_s / wall[0]:,.0f}x counted in stems; two processes"),
        Row("peer: the same by audiomentations and pedalboard", mixture_s / wall[1], "x", note="two processes"),
        Row("larsnet chain over its peers, time", wall[1] / wall[0], "x", at_least=REACH),
        Row("larsnet chain over its peers, CPU time", cpu[1] / cpu[0], "x", at_least=REACH),
    ]


class _Workers:
    """Processes that do their share of the items each time they are asked to."""

    def __init__(self, work: Callable[[Batch], None], batch: Batch) -> None:
        context = multiprocessing.get_context("fork")
        self._pipes = []
        self._processes = []
        for number in range(PROCESSES):
            here, there = context.Pipe()
            own = Batch(batch.stems[number::PROCESSES], batch.onsets[number::PROCESSES], batch.rows[number::PROCESSES])
            process = context.Process(target=_serve, args=(there, work, own), daemon=True)
            process.start()
            self._pipes.append(here)
            self._processes.append(process)

    def turn(self) -> tuple[float, float]:
        """Return wall and CPU seconds of all items once."""
        start_s = time.perf_counter()
        for pipe in self._pipes:
            pipe.send(True)
        cpu_s = sum(pipe.recv() for pipe in self._pipes)
        return time.perf_counter() - start_s, cpu_s

    def close(self) -> None:
        """End the processes."""
        for pipe, process in zip(self._pipes, self._processes, strict=True):
            pipe.send(False)
            process.join()


def _serve(pipe: Connection, work: Callable[[Batch], None], batch: Batch) -> None:
    torch.set_num_threads(1)
    fresh = batch._replace(stems=batch.stems.clone())
    while pipe.recv():
        start_s = time.process_time()
        fresh.stems.copy_(batch.stems)
        work(fresh)
        pipe.send(time.process_time() - start_s)


def _our_items(batch: Batch) -> None:
    """Change the stems in place, and sum them."""
    apply(batch.rows, batch.stems, sample_rate=RATE, onsets=batch.onsets, overwrite=True)


def _their_items(batch: Batch) -> None:
    """Change the stems in place, and sum them."""
    stems = batch.stems.numpy()
    for item, drawn in zip(stems, batch.rows, strict=True):
        for row in drawn:
            item[row.stem] = peers.chain_effect(row.effect, row.parameters)(item[row.stem])
    np.sum(stems, 1)
