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
from stemgmd_tools.augment.audio.apply import apply

PROCESSES = 2
REACH = 5.0


def rows(batch: Batch, repeats: int) -> list[Row]:
    """Measure both in turn, with all stems and with those alone that sound."""
    try:
        [peers.chain_effect(row.effect, row.parameters) for rows in batch.rows for row in rows]
    except ImportError as error:
        return [Row("larsnet chain: peers", None, "x", note=f"{error.name} is not installed")]
    shifted = [(item, row.stem) for item, own in enumerate(batch.rows) for row in own if row.effect == "pitch_shift"]
    silent = sum(not bool(batch.stems[place].any()) for place in shifted)
    everything, sounding = _timed(batch, repeats), _timed(_sounding(batch), repeats)
    items, stems = batch.stems.shape[:2]
    (ours, our_cpu), (theirs, their_cpu) = everything
    real = items * SEGMENT_S
    note = (
        f"mixtures; {real * stems / ours:,.0f}x counted in stems; {silent} of {len(shifted)} shifted stems are silent"
    )
    (sounding_ours, sounding_cpu), (sounding_theirs, sounding_their_cpu) = sounding
    return [
        Row(f"larsnet chain on sound, {items} x {stems} stems x {SEGMENT_S} s", real / ours, "x", note=note),
        Row("peer: the same by audiomentations and pedalboard", real / theirs, "x", note="two processes"),
        Row("larsnet chain over its peers, time", theirs / ours, "x", at_least=REACH),
        Row("larsnet chain over its peers, CPU time", their_cpu / our_cpu, "x", at_least=REACH),
        Row("the same, rows of silent stems left out, time", sounding_theirs / sounding_ours, "x", at_least=REACH),
        Row(
            "the same, rows of silent stems left out, CPU time", sounding_their_cpu / sounding_cpu, "x", at_least=REACH
        ),
    ]


def _sounding(batch: Batch) -> Batch:
    """Return the batch without the rows of silent stems."""
    sounding = [[row for row in own if bool(batch.stems[item, row.stem].any())] for item, own in enumerate(batch.rows)]
    return batch._replace(rows=sounding)


def _timed(batch: Batch, repeats: int) -> list[tuple[float, float]]:
    """Return the median wall and CPU seconds of ours and of the peers', in turn, after a turn that does not count."""
    sides = [_Workers(_our_items, batch), _Workers(_their_items, batch)]
    timings = [[side.turn() for side in sides] for _ in range(repeats + 1)][1:]
    for side in sides:
        side.close()
    return [
        (statistics.median(turn[side][0] for turn in timings), statistics.median(turn[side][1] for turn in timings))
        for side in range(len(sides))
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
