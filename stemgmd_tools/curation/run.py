"""Curate a corpus: measure every clip once, apply all rules, list the clips to keep. Resumable, parallel."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas as pd

from stemgmd_tools.corpus.folder.records import Record, read_record, write_record
from stemgmd_tools.corpus.render.jobs import performance_digest
from stemgmd_tools.corpus.sources.base import StemSource
from stemgmd_tools.corpus.sources.virtual import VirtualCorpus
from stemgmd_tools.curation.base import DROPPED, OK, ClipRule, CorpusRule, Outcome, Preset, Rule, Severity
from stemgmd_tools.curation.measures import ClipMeasures
from stemgmd_tools.curation.reading import measure_song
from stemgmd_tools.curation.songs import Song
from stemgmd_tools.curation.table import CURATION_TABLE
from stemgmd_tools.errors import one_line
from stemgmd_tools.manifest.frames import frame_of
from stemgmd_tools.runtime.plugins import PluginError, declared
from stemgmd_tools.runtime.workers import delayed, results_of, workers
from stemgmd_tools.storage.paths import inside
from stemgmd_tools.version import __version__

RECORDS: Final = "records"
"""Folder of the figures of finished clips, from which an interrupted curation resumes."""
_RULES: Final = "stemgmd_tools.curation.rules"
_REVISION: Final = 4
"""Incremented when the meaning of a figure changes."""


@dataclass(frozen=True)
class Curation:
    """The result of a curation."""

    clips: Sequence[ClipMeasures]
    """By name."""
    table: pd.DataFrame = field(repr=False)
    """The manifest ``curation``."""

    @property
    def dropped(self) -> set[str]:
        """Names of the clips that are not to be kept."""
        return set(self.table.loc[self.table["severity"].isin(list(DROPPED)), "clip"])

    @property
    def duration_s(self) -> float:
        """Length of all clips in seconds."""
        return sum(clip.duration_s for clip in self.clips)

    def count(self, severity: Severity) -> int:
        """Return the number of rows of a severity."""
        return int((self.table["severity"] == severity.value).sum())


def rules() -> tuple[Rule, ...]:
    """Return all rules by name.

    :raises PluginError: if two have one name.
    """
    known = sorted(declared(_RULES, "RULE", Rule), key=lambda rule: rule.name)
    names = [rule.name for rule in known]
    if len(set(names)) < len(names):
        raise PluginError(f"{_RULES}: two rules have one name among {', '.join(names)}; rename one")
    return tuple(known)


def curate(
    out: Path | None,
    songs: Sequence[Song],
    *,
    source: VirtualCorpus | None = None,
    preset: Preset = Preset.DRUMS,
    jobs: int = 1,
    progress: Callable[[int, int, float], None] = lambda _done, _total, _seconds: None,
) -> Curation:
    """Measure clips and judge them by all rules.

    :param out: folder for records of measured clips; None: none.
    :param source: the virtual corpus that the clips belong to; None: they are in files.
    :param jobs: worker processes.
    :param progress: called with clips done, clips in all, and the seconds of sound done.
    :raises StemgmdError: if a clip cannot be rendered, or a record cannot be written.
    """
    if source is not None:
        source.build_banks(jobs)
    clips, seconds = [], 0.0
    tasks = (delayed(_measured)(out, song, source) for song in songs)
    for done, clip in enumerate(results_of(workers(jobs, batch_size=1), tasks), start=1):
        clips.append(clip)
        seconds += clip.duration_s
        progress(done, len(songs), seconds)
    clips.sort(key=lambda clip: clip.name)
    return Curation(clips, frame_of(CURATION_TABLE, _rows(clips, preset)))


def _measured(out: Path | None, song: Song, source: StemSource | None) -> ClipMeasures:
    """Return the figures of a clip, from its record if nothing has changed, else measured."""
    if out is None:
        return measure_song(song, source)
    path = inside(out, f"{RECORDS}/{song.name}.json")
    inputs = _inputs(song, source)
    record = read_record(path)
    if record is not None and record.inputs == inputs:
        return ClipMeasures.of_content(record.content)
    clip = measure_song(song, source)
    write_record(path, Record(inputs, (), clip.content()))
    return clip


def _inputs(song: Song, source: StemSource | None) -> str:
    """Return a digest of what decides the figures of a clip; files count by size and time of change."""
    files = {name: [_stamp(path) for path in paths] for name, paths in {**song.stems, "": song.mixture}.items()}
    rendered = None
    if isinstance(source, VirtualCorpus) and song.kit is not None:
        played = performance_digest(source.played(song.performance))
        rendered = [repr(source.settings), source.kit(song.kit).hash, played]
    about: list[Any] = [files, song.hits, song.split, song.is_sum, rendered, __version__, _REVISION]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _stamp(path: Path) -> tuple[str, int, int]:
    try:
        status = path.stat()
    except OSError:
        return str(path), -1, 0
    return str(path), status.st_size, status.st_mtime_ns


def _rows(clips: Sequence[ClipMeasures], preset: Preset) -> list[dict[str, Any]]:
    rows = []
    for rule in rules():
        if isinstance(rule, CorpusRule):
            outcomes = rule.compare(clips)
            rows += [_row(clip, rule, outcomes.get(clip.name, OK)) for clip in clips]
        elif isinstance(rule, ClipRule):
            for clip in clips:
                outcome = rule.judge(clip, preset)
                if outcome is not None:
                    rows.append(_row(clip, rule, outcome))
    return rows


def _row(clip: ClipMeasures, rule: Rule, outcome: Outcome) -> dict[str, Any]:
    severity = (outcome.severity or rule.severity) if outcome.message else Severity.OK
    return {
        "clip": clip.name,
        "rule": rule.name,
        "performance": clip.performance,
        "kit": clip.kit,
        "severity": severity.value,
        "value": outcome.value,
        "threshold": outcome.threshold,
        "unit": rule.unit,
        "where": outcome.where or None,
        "message": one_line(outcome.message) or None,
    }
