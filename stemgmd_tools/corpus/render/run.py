"""Rendering a corpus: performances x kits to a folder that is whole, or that the same call completes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from stemgmd_tools.corpus.folder import layout
from stemgmd_tools.corpus.folder.bank_checks import require_same_banks
from stemgmd_tools.corpus.folder.build_manifests import write_manifests
from stemgmd_tools.corpus.folder.identity import STATE_FOLDER, Identity, require_identity
from stemgmd_tools.corpus.folder.job import Job, inputs_digest
from stemgmd_tools.corpus.folder.kit_rows import record_kit
from stemgmd_tools.corpus.folder.locks import Shard, finishing, working_on
from stemgmd_tools.corpus.folder.ownership import claim, claimed, refuse_foreign
from stemgmd_tools.corpus.folder.records import MIDI, SUFFIX, read_record, record_path, remove_temporaries
from stemgmd_tools.corpus.folder.shards import record_shard, selection_digest
from stemgmd_tools.corpus.render.estimate import Estimate, estimate, require_disk
from stemgmd_tools.corpus.render.execute import execute, one_line_os_errors, worker_count
from stemgmd_tools.corpus.render.jobs import MidiJob, SingleHitsJob, StemsJob
from stemgmd_tools.corpus.render.progress import Progress, Quiet
from stemgmd_tools.corpus.render.schedule import batches, in_shard
from stemgmd_tools.errors import CorpusError, UsageError
from stemgmd_tools.kits.sample_map.kit import Kit, located
from stemgmd_tools.performances.midi_storage import MidiSource
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.settings import RenderSettings


class Work(Protocol):
    """What a corpus is to hold: rendered, or made from what was rendered."""

    @property
    def settings(self) -> RenderSettings:
        """How tracks are written."""
        ...

    @property
    def identity(self) -> Identity:
        """What the corpus folder will say it was made with."""
        ...

    @property
    def kits(self) -> Sequence[Kit]:
        """The kits whose banks are needed."""
        ...

    @property
    def kit_names(self) -> Sequence[str]:
        """The kits that the corpus holds, in the order of work."""
        ...

    def jobs(self) -> list[Job]:
        """Return all jobs, those of all shards."""
        ...

    def record_kits(self, root: Path) -> None:
        """Keep what the manifests tell about kits."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """What a corpus is to hold.

    :raises UsageError: if there is no performance or no kit, or two performances would write one file.
    :raises CorpusError: if the layout has no place for a performance.
    """

    performances: Sequence[Performance]
    midi: MidiSource
    """Where the performances' MIDI files are read from."""
    source: str
    """What kind of collection that is: ``gmd``, ``starter`` or ``folder``."""
    kits: Sequence[Kit]
    settings: RenderSettings
    single_hits: bool = True

    def __post_init__(self) -> None:
        """Refuse to do nothing."""
        if not self.performances or not self.kits:
            raise UsageError("nothing to render: give at least one performance and one kit")
        owners: dict[PurePosixPath, str] = {}
        for performance in self.performances:
            stems = layout.stem_paths(self.settings, performance, self.kits[0].name).values()
            record = PurePosixPath(STATE_FOLDER, f"{performance.id}{SUFFIX}")
            for path in (*layout.midi_paths(performance), *stems, record):
                if path in owners:
                    raise UsageError(
                        f"performances {owners[path]} and {performance.id} would both write {path}; rename one"
                    )
                owners[path] = performance.id
        for parent, owner in {path.parent: owner for path, owner in owners.items()}.items():
            for folder in (parent, *parent.parents):
                if folder in owners:
                    raise UsageError(
                        f"performance {owners[folder]} would write a file {folder}, "
                        f"{owner} into a folder of that name; rename one of them"
                    )

    @property
    def identity(self) -> Identity:
        """What the corpus folder will say it was made with."""
        return Identity(self.settings, self.source, {kit.name: kit.key for kit in self.kits})

    @property
    def kit_names(self) -> tuple[str, ...]:
        """The kits that the corpus holds."""
        return tuple(kit.name for kit in self.kits)

    def record_kits(self, root: Path) -> None:
        """Keep what the manifests tell about kits; the jobs of one that is made where it is needed do so themselves."""
        for kit in self.kits:
            if not kit.is_made:
                record_kit(root, kit)

    def jobs(self) -> list[Job]:
        """Return all jobs, those of all shards."""
        sources = self.midi.read_many([str(p.metadata.get("midi_filename")) for p in self.performances])
        jobs: list[Job] = [MidiJob(p, midi) for p, midi in zip(self.performances, sources, strict=True)]
        kits = [located(kit) for kit in self.kits]
        jobs += [StemsJob(performance, kit) for kit in kits for performance in self.performances]
        if self.single_hits:
            jobs += [SingleHitsJob(kit) for kit in kits]
        return jobs


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did."""

    jobs: int
    rendered: int
    """Jobs that were not whole already."""
    files: int
    bytes: int
    complete: bool
    """Whether all shards are done and the manifests written; the shard that finishes last does it."""


def plan_run(root: Path, request: Work, shard: Shard | None = None) -> tuple[list[Job], Estimate]:
    """Return the jobs of one shard and what they amount to; nothing is written.

    :raises CorpusError: if ``root`` holds a corpus made with something else.
    """
    claimed(root, request.identity)
    jobs = in_shard(request.jobs(), shard or Shard())
    return jobs, estimate(root, jobs, request.settings, request.kits)


def render_corpus(
    root: Path,
    request: Work,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    shard: Shard | None = None,
    progress: Progress | None = None,
) -> Report:
    """Render what is not there yet, and write the manifests when everything is.

    Bytes depend on the request alone: not on ``jobs``, the scheduler, shards, or earlier runs that were interrupted.

    :param root: folder of the corpus; made if missing, extended if it was made with the same settings.
    :param jobs: worker processes; all cores if omitted.
    :param scheduler: address of a Dask scheduler to use instead.
    :param shard: do one part only; parts may work side by side on one folder, or on folders of their own that
        :func:`stemgmd_tools.corpus.merge.merge` joins.
    :raises CorpusError: if the folder is in use, was made with something else, does not fit on the disk, or the disk
        refuses; what was finished stays, and the same call completes it.
    """
    shard = shard or Shard()
    workers = worker_count(jobs)
    everything = request.jobs()
    mine = in_shard(everything, shard)
    require_disk(root, estimate(root, mine, request.settings))
    with one_line_os_errors(root):
        root.mkdir(parents=True, exist_ok=True)
        refuse_foreign(root)
        with working_on(root, shard, prepare=lambda alone: _prepare(root, request, alone=alone)):
            _require_same_performances(root, everything, request.settings)
            require_same_banks(root, request.kits, mine, request.settings.sample_rate)
            tally = _execute(root, mine, request, progress or Quiet(), workers=workers, scheduler=scheduler)
            if shard.count > 1:
                record_shard(root, shard, selection_digest(everything, request.settings))
        return replace(tally, complete=_finish(root, everything))


def _prepare(root: Path, request: Work, *, alone: bool) -> None:
    """Claim the folder for this request, and clear away what killed runs left."""
    claim(root, request.identity, alone=alone)
    request.record_kits(root)
    if alone:
        remove_temporaries(root)


def _require_same_performances(root: Path, jobs: Sequence[Job], settings: RenderSettings) -> None:
    """Refuse a performance that the corpus holds with other content: its audio and the hits would no longer agree."""
    for job in jobs:
        if job.kind == MIDI:
            record = read_record(record_path(root, job.kind, job.name))
            if record is not None and record.inputs != inputs_digest(job, settings):
                raise CorpusError(
                    f"{root}: performance {job.name} is in this corpus with other content; "
                    "render the changed performances into another folder with --out"
                )


def _execute(
    root: Path, jobs: Sequence[Job], request: Work, progress: Progress, *, workers: int, scheduler: str | None
) -> Report:
    """Complete the jobs; count what was done."""
    rendered = files = size = 0
    progress.start(sum(job.performance_s for job in jobs), sum(job.file_count(request.settings) for job in jobs))
    try:
        order = batches(jobs, request.kit_names, workers)
        for outcome in execute(root, order, request.settings, jobs=workers, scheduler=scheduler):
            progress.update(outcome)
            rendered += outcome.done
            files += outcome.files
            size += outcome.bytes
    finally:
        progress.close()
    return Report(len(jobs), rendered, files, size, complete=False)


def _finish(root: Path, jobs: Sequence[Job]) -> bool:
    """Write the manifests if no shard is at work and every job has its record; return whether that was so."""
    with finishing(root) as alone:
        if not alone or not all(record_path(root, job.kind, job.name).is_file() for job in jobs):
            return False
        remove_temporaries(root)
        write_manifests(root, require_identity(root))
        return True
