"""General MIDI files of performances."""

from __future__ import annotations

import io
from collections.abc import Callable
from functools import partial
from typing import Final

import numpy as np

from stemgmd_tools.exports.base import Export, ExportReport, ExportRequest
from stemgmd_tools.exports.text_files import write_files
from stemgmd_tools.performances.pretty import pretty_midi_of
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES

_GENERAL_MIDI: Final = np.zeros(128, np.int16)
_GENERAL_MIDI[[note.number for note in NOTES]] = [note.general_midi for note in NOTES]


def write(request: ExportRequest) -> ExportReport:
    """Write the MIDI files of the selected performances; kits make no difference."""
    files: dict[str, Callable[[], bytes]] = {
        f"{performance.id}.mid": partial(general_midi, performance) for performance in request.performances()
    }
    return write_files(EXPORT.name, request, files)


def general_midi(performance: Performance) -> bytes:
    """Return a performance as a MIDI file with the nearest notes of General MIDI's percussion map.

    Of hits on one note at one time (head and rim of a tom), the loudest is written: one note cannot start twice at
    once.
    """
    hits = performance.hits.copy()
    hits["note"] = _GENERAL_MIDI[hits["note"]]
    order = np.lexsort((-hits["velocity"].astype(np.int16), hits["note"], hits["time_s"]))
    hits = hits[order]
    first = np.ones(len(hits), dtype=bool)
    first[1:] = (np.diff(hits["time_s"]) > 0) | (hits["note"][1:] != hits["note"][:-1])
    content = io.BytesIO()
    pretty_midi_of(hits[first], performance.pedal, performance.metadata).write(content)
    return content.getvalue()


EXPORT: Final = Export(
    "midi",
    "General MIDI files of performances.",
    "Write DIR/<performance>.mid for every performance, the same for all kits: notes of General MIDI's percussion map "
    "on the drum channel, velocities, the hi-hat pedal as CC4, tempo and time signature. Time 0 is the first frame of "
    "the audio; onsets are within 0.25 ms in performances of up to 80 minutes.",
    write,
)
