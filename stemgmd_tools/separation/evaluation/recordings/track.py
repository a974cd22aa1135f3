"""A recording with its annotated strokes, and how layouts of folders are found and read."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.pieces import Piece
from stemgmd_tools.runtime.plugins import declared
from stemgmd_tools.separation.evaluation.recordings import layouts


class Recording(NamedTuple):
    """A drum track with annotated strokes."""

    name: str
    """Name in tables; may hold ``/``."""
    audio: Path
    strokes_s: Mapping[Piece, NDArray[np.float64]]
    """Seconds of the strokes of each annotated piece, ascending."""
    ignored: int
    """Annotated strokes of instruments that belong to no stem."""


@dataclass(frozen=True)
class Layout:
    """A known layout of a folder of recordings."""

    name: str
    title: str
    """Name of the dataset, for help and documentation."""
    is_in: Callable[[Path], bool]
    """Whether a folder has this layout."""
    recordings: Callable[[Path], list[Recording]]
    """Reads the annotations of all tracks; raises :class:`UsageError` for damaged ones."""
    pieces: Collection[Piece]
    """Pieces whose strokes are annotated; stems of other pieces are not measured."""


def layouts_by_name() -> dict[str, Layout]:
    """Return the layouts by name; ``plain``, which fits most folders, comes last."""
    known = sorted(
        declared(layouts.__name__, "LAYOUT", Layout), key=lambda layout: (layout.name == "plain", layout.name)
    )
    return {layout.name: layout for layout in known}


def find_recordings(folder: Path, layout: str | None = None) -> tuple[Layout, list[Recording]]:
    """Return the layout of a folder and its recordings, sorted by name.

    :param layout: name of a layout; None: the first that fits.
    :raises UsageError: if the folder has no known layout or no annotated recordings, or an annotation is damaged.
    """
    known = layouts_by_name()
    if layout is not None and layout not in known:
        raise UsageError(f"layout {layout}: not known; layouts are {', '.join(known)}")
    chosen = known[layout] if layout else next((item for item in known.values() if item.is_in(folder)), None)
    recordings = sorted(chosen.recordings(folder)) if chosen else []
    if chosen is None or not recordings:
        raise UsageError(
            f"{shown(folder)}: holds no recordings with annotations as {layout or ', '.join(known)} has them; "
            "docs/real-recordings.md describes the layouts"
        )
    return chosen, recordings


def read_events(
    path: Path, labels: Mapping[str, Piece], ignored: Collection[str] = ()
) -> tuple[dict[Piece, NDArray[np.float64]], int]:
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
) -> tuple[dict[Piece, NDArray[np.float64]], int]:
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
