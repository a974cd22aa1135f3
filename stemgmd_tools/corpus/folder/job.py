"""The interface of a job, one unit of work of a corpus, and the digest of its inputs."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeAlias, runtime_checkable

from stemgmd_tools.corpus.folder.records import FileEntry
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.version import __version__


class Outcome(NamedTuple):
    """The result of one job."""

    done: bool
    """False if the job was complete already."""
    performance_s: float
    """Nominal duration of the job's performance in seconds, counted once for all its tracks."""
    files: int
    bytes: int


Output: TypeAlias = tuple[list[FileEntry], dict[str, Any]]
"""The files of a job and the content of its record."""


class Job(Protocol):
    """One unit of work. Equal jobs write equal bytes."""

    @property
    def kind(self) -> str:
        """Kind of the job: the folder of its record."""
        ...

    @property
    def name(self) -> str:
        """Name of the job, unique within its kind; a relative path."""
        ...

    @property
    def performance_id(self) -> str:
        """Id of the performance; empty for single hits."""
        ...

    @property
    def kit_name(self) -> str:
        """Name of the kit; empty for MIDI."""
        ...

    @property
    def cost_s(self) -> float:
        """Estimated work, in seconds of performance rendered."""
        ...

    @property
    def performance_s(self) -> float:
        """Nominal duration of the job's performance in seconds."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Everything that decides the job's bytes, apart from the settings and the version."""
        ...

    def file_count(self, settings: RenderSettings) -> int:
        """Return the number of files that the job writes."""
        ...

    def write(self, root: Path, settings: RenderSettings) -> Output:
        """Write the files; return their entries and the content of the record."""
        ...


@runtime_checkable
class BatchJob(Job, Protocol):
    """A job that is computed faster together with others of its kind. Equal jobs write equal bytes on a CPU."""

    @property
    def at_once(self) -> int:
        """Maximum number of jobs that are computed together."""
        ...

    def write_together(self, jobs: Sequence[Any], root: Path, settings: RenderSettings) -> Iterator[Output]:
        """Write the files of jobs of this kind; yield what :meth:`write` returns, in order, as each is written."""
        ...


def inputs_digest(job: Job, settings: RenderSettings) -> str:
    """Return a digest of everything that decides a job's bytes."""
    text = json.dumps([__version__, asdict(settings), job.kind, job.name, job.inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
