"""Onset annotations for automatic drum transcription: one pair of text files per performance."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

import pandas as pd

from stemgmd_tools.exports.base import Export, ExportReport, ExportRequest, Option
from stemgmd_tools.exports.text_files import write_files
from stemgmd_tools.pieces import Group, Piece


class _Hit(NamedTuple):
    time_s: float
    piece: Piece
    articulation: str
    velocity: int


_THREE: Final = {Group.KICK: "kick", Group.SNARE: "snare", Group.HIHAT: "hihat"}

VOCABULARIES: Final[dict[str, Callable[[_Hit], str | None]]] = {
    "9": lambda hit: hit.piece.value,
    "5": lambda hit: hit.piece.group.value,
    "3": lambda hit: _THREE.get(hit.piece.group),
    "22": lambda hit: hit.articulation,
}
"""Number of labels -> label of a hit; None leaves the hit out."""

_HEADER: Final = "time_s\tlabel\tvelocity\n"


def write(request: ExportRequest) -> ExportReport:
    """Write the annotations of the selected performances; kits make no difference."""
    label = VOCABULARIES[request.options["vocabulary"]]
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


def _labelled(hits: pd.DataFrame, label: Callable[[_Hit], str | None]) -> list[tuple[float, str, int]]:
    """Return time in seconds, label and velocity of the hits that have a label."""
    columns = (hits[name].tolist() for name in ("time_s", "piece", "articulation", "velocity"))
    rows = (_Hit(time_s, Piece(piece), *rest) for time_s, piece, *rest in zip(*columns, strict=True))
    return [(hit.time_s, text, hit.velocity) for hit in rows if (text := label(hit)) is not None]


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
            "Labels: the 9 stems, 5 groups, 3 (kick, snare, hihat; other hits are left out) or 22 articulations.",
            tuple(VOCABULARIES),
            "9",
        ),
    ),
)
