"""The table of what the quality gate found, ``manifests/donors.csv``: one row for each recorded articulation."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

from stemgmd_tools import data
from stemgmd_tools.fitting.estimation.recorded_kit import Fitted
from stemgmd_tools.fitting.evaluation.fit_metrics import analysed_layers, judge
from stemgmd_tools.fitting.evaluation.gate import Verdict, verdicts
from stemgmd_tools.fitting.recordings.recordings import recorded_strokes
from stemgmd_tools.kits.checks.measures import measure_kit
from stemgmd_tools.kits.donors import DonorEntry, donor_table
from stemgmd_tools.storage.files import write_bytes

TABLE: Final = "donors.csv"
"""File name in ``manifests/``."""
_DIGITS: Final = {"length_s": 2, "ring_s": 2, "centroid_hz": 0, "pitch_hz": 1, "distance_db": 2, "floor_db": 2}


class Row(NamedTuple):
    """One row of the table; figures that do not exist are empty."""

    recording: str
    articulation: str
    takes: str
    length_s: str
    ring_s: str
    centroid_hz: str
    pitch_hz: str
    distance_db: str
    floor_db: str
    left_out: str
    """Reason; empty if it is used."""


def gated(entry: DonorEntry, fitted: Fitted) -> tuple[Row, ...]:
    """Return the gate's rows of one fitted recording; what the table of donors leaves out has its reason."""
    strokes = recorded_strokes(fitted.kit)
    judgements = {name: judge(fitted.voices[name], analysed_layers(layers), name) for name, layers in strokes.items()}
    passed = verdicts(measure_kit(fitted.kit), fitted.voices, judgements, strokes)
    return tuple(_row(entry, verdict) for verdict in passed)


def _row(entry: DonorEntry, verdict: Verdict) -> Row:
    reason = entry.leave_out.get(verdict.articulation, verdict.reason)
    figures = {name: _text(getattr(verdict, name), digits) for name, digits in _DIGITS.items()}
    return Row(
        recording=entry.recording,
        articulation=verdict.articulation,
        takes=str(verdict.takes),
        left_out=reason,
        **figures,
    )


def _text(value: float, digits: int) -> str:
    return "" if math.isnan(value) else f"{value:.{digits}f}"


def table_path() -> Path:
    """Return the path of the table."""
    return data.shipped("manifests") / TABLE


def read_rows() -> tuple[Row, ...]:
    """Return all rows; none if there is no table yet."""
    path = table_path()
    if not path.is_file():
        return ()
    with path.open(encoding="utf-8", newline="") as file:
        return tuple(Row(**row) for row in csv.DictReader(file))


def replace_rows(recording: str, rows: Iterable[Row]) -> None:
    """Replace the rows of one recording; recordings are in the order of the table of donors."""
    order = {entry.recording: index for index, entry in enumerate(donor_table())}
    others = [row for row in read_rows() if row.recording in order and row.recording != recording]
    merged = sorted([*others, *rows], key=lambda row: order[row.recording])
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(merged)
    write_bytes(table_path(), text.getvalue().encode())
