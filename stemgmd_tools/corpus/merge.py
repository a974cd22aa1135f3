"""Merge the folders that the shards of one run were rendered into."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from stemgmd_tools.corpus.folder.build_manifests import MANIFEST_FOLDER, write_manifests
from stemgmd_tools.corpus.folder.identity import Identity, require_identity
from stemgmd_tools.corpus.folder.kit_rows import KITS
from stemgmd_tools.corpus.folder.locks import Shard, working_on
from stemgmd_tools.corpus.folder.ownership import create_or_extend, refuse_foreign
from stemgmd_tools.corpus.folder.records import (
    MIDI,
    SINGLE_HITS,
    STEMS,
    read_record,
    record_path,
    records_of,
    remove_temporaries,
    write_record,
)
from stemgmd_tools.corpus.folder.shards import SHARDS, missing_shards
from stemgmd_tools.corpus.render.execute import one_line_os_errors, worker_count
from stemgmd_tools.errors import CorpusError, UsageError
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.storage.files import copy_file
from stemgmd_tools.storage.paths import inside

_KINDS: Final = (KITS, MIDI, STEMS, SINGLE_HITS, SHARDS)


@dataclass(frozen=True, slots=True)
class Merged:
    """The result of a merge."""

    folders: int
    jobs: int
    """Number of finished jobs that were copied."""
    files: int


def merge(root: Path, shards: Sequence[Path], *, jobs: int | None = None) -> Merged:
    """Merge corpora into one and write its manifests.

    Files are linked where the file system supports it, else copied; the sources are not changed. Every file is checked
    against its hash. The result equals, byte for byte, the output of a single run. An interrupted merge is completed by
    the same call; a complete one is not changed.

    :param root: the corpus to create or to extend.
    :param shards: folders rendered with ``--shard``, or any corpora rendered with the same settings.
    :param jobs: worker processes; all cores if omitted.
    :raises CorpusError: if the settings differ, a source is not complete, a shard is missing, a file is damaged, two
        folders hold one job with different content, or a folder is in use.
    """
    sources = [path for path in dict.fromkeys(shard.resolve() for shard in shards) if path != root.resolve()]
    if not sources:
        raise UsageError("nothing to merge: name the folders of the shards after the folder to merge into")
    for source in sources:
        _require_finished(source)
    missing = missing_shards([root, *sources])
    if missing:
        raise CorpusError(
            f"{root}: shards {', '.join(map(str, missing))} are missing; render them, and name all folders together"
        )
    with one_line_os_errors(root), contextlib.ExitStack() as locks:
        root.mkdir(parents=True, exist_ok=True)
        refuse_foreign(root)
        locks.enter_context(working_on(root, Shard(), prepare=partial(_open_target, root, sources)))
        for source in sources:
            locks.enter_context(working_on(source, Shard(), prepare=_no_preparation))
        merged = _copy_all(root, sources, worker_count(jobs))
        remove_temporaries(root)
        write_manifests(root, require_identity(root))
    return merged


def _require_finished(source: Path) -> None:
    """Raise if the run that wrote a source was interrupted: its missing jobs could not be detected later."""
    require_identity(source)
    if not (any(records_of(source, SHARDS)) or (source / MANIFEST_FOLDER / "stems.parquet").is_file()):
        raise CorpusError(f"{source}: not complete yet; run the `render` that began it again, then merge")


def _no_preparation(_alone: bool) -> None:
    """Do nothing: sources need no preparation."""


def _open_target(root: Path, sources: Sequence[Path], alone: bool) -> None:
    """Create or extend the target corpus with the identity that all sources share."""
    identity: Identity | None = None
    for source in sources:
        source_identity = require_identity(source)
        identity = source_identity if identity is None else identity.extended(source_identity, source)
    if identity is not None:
        create_or_extend(root, identity, alone=alone)
    if alone:
        remove_temporaries(root)


def _copy_all(root: Path, sources: Sequence[Path], jobs: int) -> Merged:
    """Copy every finished job of every source."""
    tasks = (
        delayed(_copy_job)(root, source, kind, name)
        for source in sources
        for kind in _KINDS
        for name, _ in records_of(source, kind)
    )
    counts = list(results_of(workers(jobs), tasks))
    return Merged(len(sources), sum(count > 0 for count in counts), sum(counts))


def _copy_job(root: Path, source: Path, kind: str, name: str) -> int:
    """Copy one job, in a worker process; return the number of its files."""
    record, target = read_record(record_path(source, kind, name)), record_path(root, kind, name)
    if record is None or not record.is_whole(source):
        raise CorpusError(f"{source}: files of {kind} {name} are damaged or missing; render that shard again")
    present = read_record(target)
    if present is not None and present != record:
        raise CorpusError(f"{source}: {kind} {name} differs from the one in {root} or another shard; render one again")
    for entry in record.files:
        copy_file(source / entry.path, inside(root, entry.path), link=True)
    write_record(target, record)
    return len(record.files)
