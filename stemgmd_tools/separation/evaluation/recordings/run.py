"""Evaluate methods on recordings: one row per method, recording and stem. Resumable."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.corpus.folder.records import Record, read_record, write_record
from stemgmd_tools.errors import UsageError
from stemgmd_tools.manifest.frames import frame_of
from stemgmd_tools.pieces import GROUPS, Piece
from stemgmd_tools.separation.evaluation.measure import Times
from stemgmd_tools.separation.evaluation.methods.base import Method
from stemgmd_tools.separation.evaluation.recordings.clip import SAMPLE_RATE, RecordingClip, recording_clip
from stemgmd_tools.separation.evaluation.recordings.measure import measure_recording
from stemgmd_tools.separation.evaluation.recordings.table import RECORDINGS_TABLE
from stemgmd_tools.separation.evaluation.recordings.track import Layout, Recording
from stemgmd_tools.storage.files import file_sha256
from stemgmd_tools.storage.paths import inside
from stemgmd_tools.version import __version__

RECORDS: Final = "recordings"
"""Folder of the finished recordings of an evaluation."""
_REVISION: Final = 1
"""Incremented when the meaning of a figure changes."""


def annotated_stems(layout: Layout) -> tuple[str, ...]:
    """Return the groups that a layout annotates."""
    return tuple(group.value for group in GROUPS if set(map(Piece, pieces_of_stem(group.value))) <= set(layout.pieces))


def evaluate_recordings(
    out: Path | None,
    methods: Sequence[Method],
    recordings: Sequence[Recording],
    stems: Sequence[str],
    *,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> pd.DataFrame:
    """Return the table of methods on recordings.

    :param out: folder for records of finished recordings, from which an interrupted evaluation resumes; None: none.
    :param stems: groups to measure, see :func:`annotated_stems`.
    :param progress: called with recordings done and recordings in all, counted for each method.
    :raises StemgmdError: if a recording cannot be read, or a method cannot separate it.
    """
    names = [method.name for method in methods]
    if not names or len(set(names)) < len(names):
        raise UsageError(f"methods {', '.join(names) or 'none'}: give one or more, each with a name of its own")
    for method in methods:
        method.check(stems, SAMPLE_RATE)
    about = {method.name: dict(method.about) for method in methods}
    rows: list[dict[str, Any]] = []
    for place, recording in enumerate(recordings):
        strokes = {stem: _strokes(recording, stem) for stem in stems}
        identity = _digest(file_sha256(recording.audio), {stem: times.tolist() for stem, times in strokes.items()})
        clip: RecordingClip | None = None
        for number, method in enumerate(methods, start=1):
            path = out and inside(out, f"{RECORDS}/{method.name}/{recording.name}.json")
            inputs = _digest(identity, about[method.name], __version__, _REVISION)
            record = read_record(path) if path else None
            if record is None or record.inputs != inputs:
                clip = clip or recording_clip(recording, stems)
                content = {"figures": measure_recording(method, clip, strokes), "duration_s": clip.frames / SAMPLE_RATE}
                record = Record(inputs, (), content)
                if path:
                    write_record(path, record)
            columns = {"method": method.name, "recording": recording.name, "duration_s": record.content["duration_s"]}
            rows += [{**columns, "stem": stem, **figures} for stem, figures in record.content["figures"].items()]
            progress(place * len(methods) + number, len(recordings) * len(methods))
    return frame_of(RECORDINGS_TABLE, rows)


def _strokes(recording: Recording, stem: str) -> Times:
    """Return the annotated strokes of a stem, ascending."""
    times = [recording.strokes_s[Piece(piece)] for piece in pieces_of_stem(stem) if Piece(piece) in recording.strokes_s]
    return np.sort(np.concatenate([np.empty(0), *times]))


def _digest(*values: Any) -> str:
    return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()
