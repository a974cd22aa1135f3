"""Onset annotations for automatic drum transcription: one pair of text files per performance."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final

import pandas as pd

from stemgmd_tools.exports.base import Export, ExportReport, ExportRequest, Option
from stemgmd_tools.exports.text_files import write_files
from stemgmd_tools.exports.writing.vocabularies import VOCABULARIES
from stemgmd_tools.pieces import NOTE_OF_ARTICULATION, Note

_HEADER: Final = "time_s\tlabel\tvelocity\n"


def write(request: ExportRequest) -> ExportReport:
    """Write the annotations of the selected performances; kits make no difference."""
    label = VOCABULARIES[request.options["vocabulary"]].label
    hits = {str(name): rows for name, rows in request.source.hits.groupby("performance", sort=False)}
    files: dict[str, Callable[[], bytes]] = {}
    for performance in request.performances():
        rows = hits.get(performance.id)
        labelled = [] if rows is None else _labelled(rows, label)
        files[f"{performance.id}.txt"] = partial(_text, [(f"{time_s!r}", text) for time_s, text, _ in labelled])
        files[f"{performance.id}.tsv"] = partial(
            _text, [(f"{time_s!r}", text, str(velocity)) for time_s, text, velocity in labelled], _HEADER
        )
    return write_files(EXPORT.name, request, files)


def _labelled(hits: pd.DataFrame, label: Callable[[Note], str | None]) -> list[tuple[float, str, int]]:
    """Return time in seconds, label and velocity of the hits that have a label."""
    columns = (hits[name].tolist() for name in ("time_s", "articulation", "velocity"))
    rows = [
        (time_s, label(NOTE_OF_ARTICULATION[name]), velocity) for time_s, name, velocity in zip(*columns, strict=True)
    ]
    return [(time_s, text, velocity) for time_s, text, velocity in rows if text is not None]


def _text(rows: list[tuple[str, ...]], header: str = "") -> bytes:
    return (header + "".join("\t".join(row) + "\n" for row in rows)).encode()


EXPORT: Final = Export(
    "onsets",
    "Onset annotations: times, labels and velocities, as text.",
    "Write onset annotations of every performance, the same for all kits: DIR/<performance>.txt with time in seconds "
    "and label, which mir_eval.io.load_labeled_events reads, and DIR/<performance>.tsv with a header and the velocity "
    "too.",
    write,
    (
        Option(
            "vocabulary",
            "Number of labels: 9 stems, 5 groups, 22 articulations, or 3, 8 or 18 classes of drum transcription.",
            tuple(VOCABULARIES),
            "9",
        ),
    ),
)
