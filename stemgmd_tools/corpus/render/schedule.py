"""Schedule jobs: assign them to shards, sort them, and group them into batches."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, TypeAlias

from stemgmd_tools.corpus.folder.job import BatchJob, Job
from stemgmd_tools.corpus.folder.locks import Shard
from stemgmd_tools.corpus.folder.records import SINGLE_HITS, STEMS

BATCH_COST_S: Final = 60.0
"""Work in a batch, about half a second: small against a run, large against the cost of dispatching it. The median
performance of GMD lasts 3.7 s."""
BATCHES_PER_WORKER: Final = 8
"""Least number of batches per worker, so that no worker is idle for long at the end."""

Batch: TypeAlias = tuple[Job, ...]


def in_shard(jobs: Sequence[Job], shard: Shard) -> list[Job]:
    """Return the jobs of one shard, dealt in turn from the most expensive on, so that shards have about equal work."""
    dealt = sorted(jobs, key=lambda job: (-job.cost_s, job.kind, job.name))
    return dealt[shard.number - 1 :: shard.count]


def batches(jobs: Sequence[Job], kits: Sequence[str], workers: int) -> Iterator[Batch]:
    """Yield batches of jobs in the order in which workers should execute them.

    MIDI comes first: it is fast, and the manifests of an interrupted run need it. Kits follow in waves of one kit per
    worker, so that the banks of a wave are compiled in parallel and the first stems are written as soon as one bank is
    ready. Within a wave the longest jobs come first, since a long job at the end would leave the other workers idle.
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
        yield from sorted(packed, key=_batch_order)


def groups(batch: Batch) -> Iterator[Batch]:
    """Yield the jobs of a batch that are computed together: as many as its jobs allow, or one at a time."""
    at_once = _at_once(batch)
    for first in range(0, len(batch), at_once):
        yield batch[first : first + at_once]


def _at_once(jobs: Sequence[Job]) -> int:
    """Return how many jobs may be computed together."""
    return min((job.at_once if isinstance(job, BatchJob) else 1 for job in jobs), default=1)


def _batch_order(batch: Batch) -> tuple[bool, float, str]:
    """Return the sort key of a batch: stems by their longest job, then single hits."""
    head = batch[0]
    return (head.kind != STEMS, -head.cost_s, head.name)


def _packed(jobs: Sequence[Job], limit: float) -> Iterator[Batch]:
    """Yield batches of at least ``limit`` of work, the most expensive jobs first.

    A batch but the last has at least as many jobs as are computed together.
    """
    batch: list[Job] = []
    least = _at_once(jobs)
    cost = 0.0
    for job in sorted(jobs, key=lambda job: (-job.cost_s, job.name)):
        batch.append(job)
        cost += job.cost_s
        if cost >= limit and len(batch) >= least:
            yield tuple(batch)
            batch, cost = [], 0.0
    if batch:
        yield tuple(batch)
