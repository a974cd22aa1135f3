"""Render a corpus of performances and kits into a folder; an interrupted run is completed by the same call."""

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
from stemgmd_tools.corpus.folder.ownership import create_or_extend, refuse_foreign, resulting_identity
from stemgmd_tools.corpus.folder.records import MIDI, SUFFIX, read_record, record_path, remove_temporaries
from stemgmd_tools.corpus.folder.shards import record_shard, selection_digest
from stemgmd_tools.corpus.render.estimate import Estimate, estimate, require_disk
from stemgmd_tools.corpus.render.execute import execute, one_line_os_errors, worker_count
from stemgmd_tools.corpus.render.jobs import MidiJob, SingleHitsJob, StemsJob
from stemgmd_tools.corpus.render.schedule import batches, in_shard
from stemgmd_tools.corpus.render.tally import Tally
from stemgmd_tools.errors import CorpusError, UsageError
from stemgmd_tools.kits.bank.microphones import microphone_names
from stemgmd_tools.kits.sample_map.kit import Kit, located
from stemgmd_tools.performances.midi_storage import MidiSource
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.runtime.progress import Progress, Silent


class Work(Protocol):
    """Interface of the requested content of a corpus, rendered or augmented."""

    @property
    def settings(self) -> RenderSettings:
        """Settings of the tracks."""
        ...

    @property
    def identity(self) -> Identity:
        """Identity of the corpus, as written to ``corpus.json``."""
        ...

    @property
    def kits(self) -> Sequence[Kit]:
        """The kits whose banks are needed."""
        ...

    @property
    def kit_names(self) -> Sequence[str]:
        """Names of the corpus's kits, in the order of work."""
        ...

    def jobs(self) -> list[Job]:
        """Return all jobs, those of all shards."""
        ...

    def record_kits(self, root: Path) -> None:
        """Store the manifest rows of the kits."""
        ...


@dataclass(frozen=True, slots=True)
class Request:
    """The requested content of a rendered corpus.

    :raises UsageError: if there is no performance or no kit, two performances would write one file, or microphones are
        requested of a kit that does not have several.
    :raises CorpusError: if the layout has no path for a performance.
    """

    performances: Sequence[Performance]
    midi: MidiSource
    """Source of the performances' MIDI files."""
    source: str
    """Kind of the collection: ``gmd``, ``starter`` or ``folder``."""
    kits: Sequence[Kit]
    settings: RenderSettings
    single_hits: bool = True

    def __post_init__(self) -> None:
        """Check that there is work and that no two performances write the same file."""
        if not self.performances or not self.kits:
            raise UsageError("nothing to render: give at least one performance and one kit")
        names = {kit.name: microphone_names(kit) if self.settings.microphones else () for kit in self.kits}
        kit = max(names, key=lambda name: len(names[name]))
        require_distinct_files(self.settings, self.performances, kit, names[kit])

    @property
    def identity(self) -> Identity:
        """Identity of the corpus, as written to ``corpus.json``."""
        return Identity(self.settings, self.source, {kit.name: kit.key for kit in self.kits})

    @property
    def kit_names(self) -> tuple[str, ...]:
        """Names of the corpus's kits."""
        return tuple(kit.name for kit in self.kits)

    def record_kits(self, root: Path) -> None:
        """Store the manifest rows of the kits, except generated ones: their jobs do it."""
        for kit in self.kits:
            if not kit.is_generated:
                record_kit(root, kit)

    def jobs(self) -> list[Job]:
        """Return all jobs, those of all shards."""
        sources = self.midi.read_many([str(p.metadata.get("midi_filename")) for p in self.performances])
        jobs: list[Job] = [MidiJob(p, midi) for p, midi in zip(self.performances, sources, strict=True)]
        kits = [located(kit) for kit in self.kits]
        microphones = {kit.name: len(microphone_names(kit)) if self.settings.microphones else 0 for kit in kits}
        jobs += [StemsJob(played, kit, microphones[kit.name]) for kit in kits for played in self.performances]
        if self.single_hits:
            jobs += [SingleHitsJob(kit) for kit in kits]
        return jobs


def require_distinct_files(
    settings: RenderSettings, performances: Sequence[Performance], kit: str, microphones: Sequence[str] = ()
) -> None:
    """Check that no two performances write the same file.

    :param microphones: those of the kit whose tracks are written.
    :raises UsageError: if they do.
    :raises CorpusError: if the layout has no path for a performance.
    """
    owners: dict[PurePosixPath, str] = {}
    for performance in performances:
        stems = layout.stem_paths(settings, performance, kit).values()
        record = PurePosixPath(STATE_FOLDER, f"{performance.id}{SUFFIX}")
        tracks = layout.microphone_paths(settings, performance, kit, microphones).values()
        for path in (*layout.midi_paths(performance), *stems, *tracks, record):
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


@dataclass(frozen=True, slots=True)
class Report:
    """Summary of a run."""

    jobs: int
    rendered: int
    """Number of jobs that were not complete already."""
    files: int
    bytes: int
    complete: bool
    """True if all shards are done and the manifests are written, which the last shard does."""


def plan_run(root: Path, request: Work, shard: Shard | None = None) -> tuple[list[Job], Estimate]:
    """Return the jobs of one shard and their estimate; nothing is written.

    :raises CorpusError: if ``root`` holds a corpus with another identity.
    """
    resulting_identity(root, request.identity)
    jobs = in_shard(request.jobs(), shard or Shard())
    return jobs, estimate(root, jobs, request.settings, request.kits)


def render_corpus(
    root: Path | str,
    request: Work,
    *,
    jobs: int | None = None,
    scheduler: str | None = None,
    shard: Shard | None = None,
    progress: Progress | None = None,
) -> Report:
    """Render the missing files of a corpus; write the manifests once all are present.

    Bytes depend on the request alone: not on ``jobs``, the scheduler, shards, or earlier runs that were interrupted.

    :param root: folder of the corpus; created if missing, extended if it has the same settings.
    :param jobs: worker processes; all cores if omitted.
    :param scheduler: address of a Dask scheduler to use instead.
    :param shard: render only this part; shards may run side by side on one folder, or on separate folders that
        :func:`stemgmd_tools.corpus.merge.merge` joins.
    :raises CorpusError: if the folder is in use, has another identity, does not fit on the disk, or a file cannot be
        written; finished jobs are kept, and the same call completes the rest.
    """
    root, shard = Path(root), shard or Shard()
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
            report = _execute(root, mine, request, progress or Silent(), workers=workers, scheduler=scheduler)
            if shard.count > 1:
                record_shard(root, shard, selection_digest(everything, request.settings))
        return replace(report, complete=_finish(root, everything))


def _prepare(root: Path, request: Work, *, alone: bool) -> None:
    """Create or extend the corpus for this request, and remove temporary files of killed runs."""
    create_or_extend(root, request.identity, alone=alone)
    request.record_kits(root)
    if alone:
        remove_temporaries(root)


def _require_same_performances(root: Path, jobs: Sequence[Job], settings: RenderSettings) -> None:
    """Raise if the corpus holds a performance with other content: its audio and its hits would disagree."""
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
    """Complete the jobs; return the summary."""
    tally = Tally(sum(job.performance_s for job in jobs), sum(job.file_count(request.settings) for job in jobs))
    progress.update(0.0, tally.total_s)
    try:
        order = batches(jobs, request.kit_names, workers)
        for outcome in execute(root, order, request.settings, jobs=workers, scheduler=scheduler):
            tally.add(outcome)
            progress.update(tally.performance_s, tally.total_s, str(tally))
    finally:
        progress.close()
    return Report(len(jobs), tally.rendered, tally.files, tally.bytes, complete=False)


def _finish(root: Path, jobs: Sequence[Job]) -> bool:
    """Write the manifests if no shard is running and every job has a record; return whether they were written."""
    with finishing(root) as alone:
        if not alone or not all(record_path(root, job.kind, job.name).is_file() for job in jobs):
            return False
        remove_temporaries(root)
        write_manifests(root, require_identity(root))
        return True
