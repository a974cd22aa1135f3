"""Evaluate methods on recordings: one row per method, recording and stem. Resumable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.corpus.folder.records import Record, read_record, write_record
from stemgmd_tools.errors import UsageError
from stemgmd_tools.manifest.frames import frame_of
from stemgmd_tools.pieces import GROUPS, Piece
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.separation.evaluation.measure import Times
from stemgmd_tools.separation.evaluation.methods.base import Method
from stemgmd_tools.separation.evaluation.recordings.annotations import Strokes
from stemgmd_tools.separation.evaluation.recordings.clip import SAMPLE_RATE, RecordingClip, recording_clip
from stemgmd_tools.separation.evaluation.recordings.measure import measure_recording
from stemgmd_tools.separation.evaluation.recordings.table import RECORDINGS_TABLE
from stemgmd_tools.separation.evaluation.recordings.track import Layout, Recording
from stemgmd_tools.storage.files import file_sha256
from stemgmd_tools.storage.paths import inside
from stemgmd_tools.version import __version__

RECORDS: Final = "recordings"
"""Folder of the finished recordings of an evaluation."""
_REVISION: Final = 2
"""Incremented when the meaning of a figure changes."""


def annotated_stems(layout: Layout) -> tuple[str, ...]:
    """Return the groups that a layout annotates or isolates."""
    return tuple(group.value for group in GROUPS if set(map(Piece, pieces_of_stem(group.value))) <= set(layout.pieces))


def evaluate_recordings(
    out: Path | None,
    methods: Sequence[Method],
    recordings: Sequence[Recording],
    stems: Sequence[str],
    *,
    jobs: int = 1,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> pd.DataFrame:
    """Return the table of methods on recordings.

    :param out: folder for records of finished recordings, from which an interrupted evaluation resumes; None: none.
    :param stems: groups to measure, see :func:`annotated_stems`.
    :param jobs: worker processes.
    :param progress: called with recordings done and recordings in all.
    :raises StemgmdError: if a recording cannot be read, or a method cannot separate it.
    """
    names = [method.name for method in methods]
    if not names or len(set(names)) < len(names):
        raise UsageError(f"methods {', '.join(names) or 'none'}: give one or more, each with a name of its own")
    for method in methods:
        method.check(stems, SAMPLE_RATE)
    tasks = (delayed(_rows_of)(out, methods, recording, stems) for recording in recordings)
    rows: list[dict[str, Any]] = []
    for done, measured in enumerate(results_of(workers(jobs, batch_size=1), tasks), start=1):
        rows += measured
        progress(done, len(recordings))
    return frame_of(RECORDINGS_TABLE, rows)


def _rows_of(
    out: Path | None, methods: Sequence[Method], recording: Recording, stems: Sequence[str]
) -> list[dict[str, Any]]:
    """Return the rows of one recording, from its records if nothing has changed, else measured."""
    strokes = strokes_of_stems(recording, stems)
    identity = _identity(recording, strokes)
    clip: RecordingClip | None = None
    rows = []
    for method in methods:
        path = out and inside(out, f"{RECORDS}/{method.name}/{recording.name}.json")
        inputs = _digest(identity, dict(method.about), __version__, _REVISION)
        record = read_record(path) if path else None
        if record is None or record.inputs != inputs:
            clip = clip or recording_clip(recording, stems)
            figures = measure_recording(method, clip, strokes, clip.references)
            record = Record(inputs, (), {"figures": figures, "duration_s": clip.frames / SAMPLE_RATE})
            if path:
                write_record(path, record)
        columns = {"method": method.name, "recording": recording.name, "duration_s": record.content["duration_s"]}
        rows += [{**columns, "stem": stem, **figures} for stem, figures in record.content["figures"].items()]
    return rows


def _identity(recording: Recording, strokes: Mapping[str, Times] | None) -> str:
    """Return a digest of everything that is known of a recording."""
    times = strokes and {stem: times.tolist() for stem, times in strokes.items()}
    files = {"": recording.audio, **recording.stems}
    return _digest({stem: [file_sha256(path) for path in paths] for stem, paths in files.items()}, times)


def strokes_of_stems(recording: Recording, stems: Sequence[str]) -> dict[str, Times] | None:
    """Return the annotated strokes of each stem in seconds, ascending; None if they are not annotated."""
    return None if recording.strokes_s is None else {stem: _strokes(recording.strokes_s, stem) for stem in stems}


def _strokes(strokes_s: Strokes, stem: str) -> Times:
    """Return the strokes of a stem, ascending."""
    times = [strokes_s[Piece(piece)] for piece in pieces_of_stem(stem) if Piece(piece) in strokes_s]
    return np.sort(np.concatenate([np.empty(0), *times]))


def _digest(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
