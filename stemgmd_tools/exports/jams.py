"""Annotations in JAMS, the JSON format of music annotations (Humphrey et al., ISMIR 2014)."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from stemgmd_tools.exports.base import Export, ExportReport, ExportRequest
from stemgmd_tools.exports.text_files import write_files
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTE_OF_NUMBER

JAMS_VERSION: Final = "0.3.5"
"""Version of the schema that the files follow."""


def write(request: ExportRequest) -> ExportReport:
    """Write the annotations of the selected performances; kits make no difference."""
    files: dict[str, Callable[[], bytes]] = {
        f"{performance.id}.jams": partial(_content, performance) for performance in request.performances()
    }
    return write_files(EXPORT.name, request, files)


def _content(performance: Performance) -> bytes:
    annotation = {
        "namespace": "onset",
        "data": [_observation(hit) for hit in performance.hits],
        "annotation_metadata": {"data_source": "MIDI", "annotation_tools": "stemgmd-tools"},
        "sandbox": {},
        "time": 0.0,
        "duration": performance.duration_s,
    }
    metadata = {"title": performance.id, "duration": performance.duration_s, "jams_version": JAMS_VERSION}
    jam = {
        "annotations": [annotation],
        "file_metadata": {**metadata, "identifiers": {}},
        "sandbox": {"performance": {name: value for name, value in performance.metadata.items() if value is not None}},
    }
    return (json.dumps(jam, indent=1, allow_nan=False) + "\n").encode()


def _observation(hit: Any) -> Mapping[str, object]:
    note = NOTE_OF_NUMBER[int(hit["note"])]
    value = {
        "piece": note.piece.value,
        "articulation": note.articulation,
        "note": note.number,
        "velocity": int(hit["velocity"]),
        "openness": float(hit["openness"]),
    }
    return {"time": float(hit["time_s"]), "duration": 0.0, "value": value, "confidence": None}


EXPORT: Final = Export(
    "jams",
    "Annotations in JAMS: onsets with piece, articulation and velocity.",
    "Write DIR/<performance>.jams for every performance, the same for all kits, which jams.load reads: one annotation "
    "in the namespace onset whose values hold piece, articulation, note, velocity and openness of the hi-hat; the "
    "metadata of the performance is in the sandbox.",
    write,
)
