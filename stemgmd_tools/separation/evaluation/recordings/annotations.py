"""Read annotated strokes: text files with a stroke on each line, and MIDI files."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.performances.smf.file import read_events as read_midi_events
from stemgmd_tools.performances.smf.track import NOTE_ON
from stemgmd_tools.pieces import Piece
from stemgmd_tools.separation.evaluation.recordings.labels import MDB_IGNORED, MIDI, PLAIN

Strokes: TypeAlias = Mapping[Piece, NDArray[np.float64]]
"""Seconds of the strokes of each piece, ascending."""

_TEXT: Final = (".txt", ".csv", ".tsv")
_MIDI: Final = (".mid", ".midi")
ANNOTATIONS: Final = (*_TEXT, *_MIDI)
"""Suffixes of annotations beside audio files."""


def annotation_beside(audio: Path) -> Path | None:
    """Return the annotation beside an audio file, which has its name; None if there is none."""
    return next((path for path in map(audio.with_suffix, ANNOTATIONS) if path.is_file()), None)


def read_annotation(path: Path) -> tuple[Strokes, int]:
    """Return the strokes of an annotation beside an audio file, and how many belong to no stem.

    :raises StemgmdError: if it cannot be read or a label is not known.
    """
    if path.suffix in _TEXT:
        return read_events(path, PLAIN, MDB_IGNORED)
    try:
        events = read_midi_events(path.read_bytes(), shown(path))
    except OSError as error:
        raise UsageError(f"{shown(path)}: cannot be read: {error}") from error
    struck = events.kinds == NOTE_ON
    notes = list(zip(events.times_s[struck].tolist(), events.numbers[struck].tolist(), strict=True))
    strokes = strokes_of(path, [(time_s, str(note)) for time_s, note in notes if note in MIDI], PLAIN, ())[0]
    return strokes, sum(note not in MIDI for _, note in notes)


def read_events(path: Path, labels: Mapping[str, Piece], ignored: Collection[str] = ()) -> tuple[Strokes, int]:
    """Return the strokes of a text file with one stroke on each line, seconds and label, and how many are ignored.

    Fields are separated by white space, commas or semicolons. Empty lines and lines that start with ``#`` are skipped,
    and a first line whose first field is no number is a header.

    :raises UsageError: if a line cannot be read or a label is not known.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise UsageError(
            f"{shown(path)}: is missing, the annotation of a recording; add it, or move the audio elsewhere"
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{shown(path)}: cannot be read as text: {error}") from error
    events = []
    for number, line in enumerate(lines, start=1):
        fields = line.replace(",", " ").replace(";", " ").split()
        if not fields or fields[0].startswith("#"):
            continue
        time_s = _seconds(fields[0])
        if time_s is None and number == 1:
            continue
        if time_s is None or len(fields) < 2:
            raise UsageError(f'{shown(path)}:{number}: "{shown(line[:60])}" is not a time in seconds and a label')
        events.append((time_s, fields[1]))
    return strokes_of(path, events, labels, ignored)


def strokes_of(
    path: Path, events: Sequence[tuple[float, str]], labels: Mapping[str, Piece], ignored: Collection[str]
) -> tuple[Strokes, int]:
    """Return the strokes of each piece of labels, ascending, and how many events are ignored.

    :raises UsageError: if a label is not known.
    """
    times: dict[Piece, list[float]] = {}
    skipped = 0
    for time_s, label in events:
        if label in ignored:
            skipped += 1
        elif label in labels:
            times.setdefault(labels[label], []).append(time_s)
        else:
            raise UsageError(f'{shown(path)}: label "{shown(label)}" is not known; labels are {", ".join(labels)}')
    return {piece: np.sort(np.array(values)) for piece, values in times.items()}, skipped


def _seconds(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0.0 else None
