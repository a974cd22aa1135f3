"""Record which shards of a run are finished, so that a merge can detect missing ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Final

from stemgmd_tools.corpus.folder.job import Job, inputs_digest
from stemgmd_tools.corpus.folder.locks import Shard
from stemgmd_tools.corpus.folder.records import Record, record_path, records_of, write_record
from stemgmd_tools.rendering.settings import RenderSettings

SHARDS: Final = "shards"
_DIGEST_IN_NAME: Final = 16


def selection_digest(jobs: Iterable[Job], settings: RenderSettings) -> str:
    """Return a digest of all jobs of a run, over all shards."""
    digests = sorted(f"{job.kind}/{job.name}/{inputs_digest(job, settings)}" for job in jobs)
    return hashlib.sha256("\n".join(digests).encode()).hexdigest()


def record_shard(root: Path, shard: Shard, selection: str) -> None:
    """Record that one shard of a run is finished."""
    name = f"{selection[:_DIGEST_IN_NAME]}/{shard.count}/{shard.number}"
    write_record(record_path(root, SHARDS, name), Record(selection, (), {"number": shard.number, "count": shard.count}))


def missing_shards(roots: Sequence[Path]) -> list[Shard]:
    """Return the missing shards of all runs that ``roots`` hold shards of."""
    done: dict[tuple[str, int], set[int]] = {}
    for root in roots:
        for _, record in records_of(root, SHARDS):
            shard = Shard(**record.content)
            done.setdefault((record.inputs, shard.count), set()).add(shard.number)
    return [
        Shard(number, count)
        for (_, count), numbers in sorted(done.items())
        for number in range(1, count + 1)
        if number not in numbers
    ]
