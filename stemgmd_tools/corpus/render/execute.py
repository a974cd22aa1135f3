"""Execute jobs in parallel through joblib, on this machine or on a Dask cluster.

A job that is not complete writes its files, then its record.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.corpus.folder.job import BatchJob, Job, Outcome, Output, inputs_digest
from stemgmd_tools.corpus.folder.kit_rows import record_generated_kit
from stemgmd_tools.corpus.folder.records import Record, read_record, record_path, write_record
from stemgmd_tools.corpus.render.jobs import SingleHitsJob, StemsJob
from stemgmd_tools.corpus.render.schedule import Batch, groups
from stemgmd_tools.errors import CorpusError, StemgmdError, UsageError
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.runtime.workers import Parallel, cpu_count, delayed, parallel_config, results_of, workers

CONTINUE: Final = "run the same command again to continue"


def worker_count(jobs: int | None) -> int:
    """Return ``jobs``, or the number of cores that this process may use.

    :raises UsageError: if ``jobs`` is less than 1.
    """
    if jobs is None:
        return int(cpu_count())
    if jobs < 1:
        raise UsageError(f"jobs is {jobs}; it must be 1 or more")
    return jobs


def execute(
    root: Path, batches: Iterable[Batch], settings: RenderSettings, *, jobs: int, scheduler: str | None = None
) -> Iterator[Outcome]:
    """Complete all jobs; yield the outcome of each, in no particular order.

    :param jobs: processes on this machine; without effect on a cluster.
    :param scheduler: address of a Dask scheduler whose workers see the folder under the same path.
    :raises StemgmdError: as the jobs do.
    :raises OSError: if a file cannot be written; see :func:`one_line_os_errors`.
    """
    with _backend(scheduler), warnings.catch_warnings():
        # Loky replaces a worker that has grown by 300 MB, as mapping other banks can make it, and warns that it did.
        warnings.filterwarnings("ignore", "A worker stopped while some jobs", UserWarning)
        options: dict[str, Any] = {"batch_size": 1, "pre_dispatch": "3*n_jobs"}
        here = Parallel(return_as="generator_unordered", **options) if scheduler else workers(jobs, **options)
        place = root.absolute() if scheduler else root  # a cluster's workers run in folders of their own
        tasks = (delayed(_complete_batch)(place, batch, settings) for batch in batches)
        for outcomes in results_of(here, tasks):
            yield from outcomes


def _complete_batch(root: Path, batch: Batch, settings: RenderSettings) -> list[Outcome]:
    """Complete the jobs of a batch, in a worker process."""
    return [outcome for group in groups(batch) for outcome in complete(root, group, settings)]


def complete(root: Path, jobs: Sequence[Job], settings: RenderSettings) -> Iterator[Outcome]:
    """Do the jobs that are not complete; yield the outcome of each, in order.

    A job is complete if its record exists, has the same inputs, and every file matches it.

    :raises StemgmdError: if a job cannot be done.
    :raises OSError: if a file cannot be written.
    """
    digests = [inputs_digest(job, settings) for job in jobs]
    records = [_whole_record(root, job, inputs) for job, inputs in zip(jobs, digests, strict=True)]
    outputs = _outputs(root, [job for job, record in zip(jobs, records, strict=True) if record is None], settings)
    for job, inputs, record in zip(jobs, digests, records, strict=True):
        done = record or _written(root, job, inputs, next(outputs))
        yield Outcome(record is None, job.performance_s, len(done.files), done.bytes)


def _whole_record(root: Path, job: Job, inputs: str) -> Record | None:
    """Return the record of a job that is complete; remove that of another, which must not look complete."""
    if isinstance(job, StemsJob | SingleHitsJob) and job.kit.is_generated:
        record_generated_kit(root, job.kit)
    path = record_path(root, job.kind, job.name)
    record = read_record(path)
    if record is not None and record.inputs == inputs and record.is_whole(root):
        return record
    path.unlink(missing_ok=True)
    return None


def _outputs(root: Path, jobs: Sequence[Job], settings: RenderSettings) -> Iterator[Output]:
    """Write the files of jobs, together if they can be.

    If that fails, those that are left are done one by one, so that a job that cannot be done stops no other before it.
    """
    count = 0
    if len(jobs) > 1 and isinstance(jobs[0], BatchJob):
        with contextlib.suppress(StemgmdError):
            for output in jobs[0].write_together(jobs, root, settings):
                count += 1
                yield output
    for job in jobs[count:]:
        yield job.write(root, settings)


def _written(root: Path, job: Job, inputs: str, output: Output) -> Record:
    """Write the record of a job whose files are written."""
    files, content = output
    record = Record(inputs=inputs, files=tuple(files), content=content)
    write_record(record_path(root, job.kind, job.name), record)
    return record


@contextlib.contextmanager
def _backend(scheduler: str | None) -> Iterator[None]:
    """Make joblib use a Dask cluster if ``scheduler`` is given."""
    if scheduler is None:
        yield
        return
    try:
        from distributed import Client  # noqa: PLC0415 - an optional extra
    except ModuleNotFoundError:
        raise UsageError("a Dask scheduler needs the extra dask: pip install 'stemgmd-tools[dask]'") from None
    try:
        client: Any = Client(scheduler, timeout=CONNECT_TIMEOUT_S)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UsageError(
            f"scheduler {scheduler}: cannot be reached ({reason}); give its address as tcp://host:port"
        ) from None
    with client, parallel_config(backend="dask", client=client, wait_for_workers_timeout=CONNECT_TIMEOUT_S):
        yield


CONNECT_TIMEOUT_S: Final = 30


@contextlib.contextmanager
def one_line_os_errors(root: Path) -> Iterator[None]:
    """Turn an :class:`OSError` into a :class:`CorpusError` whose message says how to continue."""
    try:
        yield
    except OSError as error:
        where = error.filename or root
        raise CorpusError(f"{where}: {error.strerror or error}; fix that, then {CONTINUE}") from error
