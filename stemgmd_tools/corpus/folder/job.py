"""What a job of a corpus is, whatever it writes."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from stemgmd_tools.corpus.folder.records import FileEntry
from stemgmd_tools.rendering.settings import RenderSettings
from stemgmd_tools.version import __version__


class Outcome(NamedTuple):
    """What became of one job."""

    done: bool
    """False if it was whole already."""
    performance_s: float
    """Nominal seconds of performance it stands for, all its tracks together counted once."""
    files: int
    bytes: int


class Job(Protocol):
    """One piece of work. Equal jobs write equal bytes."""

    @property
    def kind(self) -> str:
        """The folder its record lies in."""
        ...

    @property
    def name(self) -> str:
        """Names the job among those of its kind; a relative path."""
        ...

    @property
    def performance_id(self) -> str:
        """The performance whose files it writes; empty for single hits."""
        ...

    @property
    def kit_name(self) -> str:
        """The kit whose sounds it writes; empty for MIDI."""
        ...

    @property
    def cost_s(self) -> float:
        """Estimated work, in seconds of performance rendered."""
        ...

    @property
    def performance_s(self) -> float:
        """Nominal seconds of performance it stands for."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """What decides its bytes, apart from the settings and the version."""
        ...

    def file_count(self, settings: RenderSettings) -> int:
        """Return how many files it writes."""
        ...

    def write(self, root: Path, settings: RenderSettings) -> tuple[list[FileEntry], dict[str, Any]]:
        """Write the files; return them and what the manifests need."""
        ...


def inputs_digest(job: Job, settings: RenderSettings) -> str:
    """Return a digest of everything that decides a job's bytes."""
    text = json.dumps([__version__, asdict(settings), job.kind, job.name, job.inputs], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()
