"""The order of the work: which jobs a shard does, which come first, which travel together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from stemgmd_tools.corpus.folder.job import Job
from stemgmd_tools.corpus.folder.locks import Shard
from stemgmd_tools.corpus.folder.records import SINGLE_HITS, STEMS

BATCH_COST_S: Final = 60.0
"""Jobs travel in batches of about this much work, half a second: small beside a run, large beside the cost of handing
one to a worker. The median performance of GMD lasts 3.7 s."""
BATCHES_PER_WORKER: Final = 8
"""At least so many batches for every worker, so that none waits long for the last."""

Batch: TypeAlias = tuple[Job, ...]


def in_shard(jobs: Sequence[Job], shard: Shard) -> list[Job]:
    """Return the jobs of one shard: dealt out like cards, most work first, so that all shards get about the same."""
    dealt = sorted(jobs, key=lambda job: (-job.cost_s, job.kind, job.name))
    return dealt[shard.number - 1 :: shard.count]


def batches(jobs: Sequence[Job], kits: Sequence[str], workers: int) -> Iterator[Batch]:
    """Yield the jobs in the order in which workers should take them.

    MIDI comes first: it takes moments, and without it no manifest can tell of what an interrupted run left.
    Kits come in waves of as many as there are workers, so that the banks of a wave are compiled side by side and the
    first stems are written as soon as the first bank stands. Inside a wave the longest jobs come first, since a long
    one at the end would leave the other workers idle; the first few go to different kits.
    """
    limit = min(BATCH_COST_S, sum(job.cost_s for job in jobs) / (workers * BATCHES_PER_WORKER))
    groups: dict[str, list[Job]] = {kit: [] for kit in kits}
    midi: list[Job] = []
    single_hits: dict[str, Job] = {}
    for job in jobs:
        if job.kind == STEMS:
            groups[job.kit_name].append(job)
        elif job.kind == SINGLE_HITS:
            single_hits[job.kit_name] = job
        else:
            midi.append(job)
    yield from _packed(midi, limit)
    names = list(groups)
    for start in range(0, len(names), workers):
        wave = names[start : start + workers]
        packed = [batch for name in wave for batch in _packed(groups[name], limit)]
        packed += [(single_hits[name],) for name in wave if name in single_hits]
        yield from sorted(packed, key=_first_things_first)


def _first_things_first(batch: Batch) -> tuple[bool, float, str]:
    """Sort stems by their longest job, then single hits: stems are what one waits for."""
    head = batch[0]
    return (head.kind != STEMS, -head.cost_s, head.name)


def _packed(jobs: Sequence[Job], limit: float) -> Iterator[Batch]:
    """Cut jobs, most work first, into batches of at least ``limit`` of work."""
    batch: list[Job] = []
    cost = 0.0
    for job in sorted(jobs, key=lambda job: (-job.cost_s, job.name)):
        batch.append(job)
        cost += job.cost_s
        if cost >= limit:
            yield tuple(batch)
            batch, cost = [], 0.0
    if batch:
        yield tuple(batch)
