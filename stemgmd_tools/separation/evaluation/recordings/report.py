"""Report an evaluation on recordings: means with intervals over recordings, by method and stem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import pandas as pd

from stemgmd_tools.manifest.files import write_manifest
from stemgmd_tools.separation.evaluation.bootstrap import mean_interval
from stemgmd_tools.separation.evaluation.recordings.references import BLEED, LESS_BLEED, METRICS
from stemgmd_tools.separation.evaluation.recordings.table import RECORDINGS_TABLE
from stemgmd_tools.separation.evaluation.summary import Section, stems_in, text_of
from stemgmd_tools.storage.files import write_bytes

REPORT: Final = "report.md"
_DISTANCES: Final = {
    column: (
        f"{metric.title}, dB{', bleed reduced' if prefix else ''}",
        "Against isolated stems" + (" whose bleed was reduced." if prefix else ", with the bleed that they have."),
    )
    for metric in METRICS[:2]
    for prefix in ("", LESS_BLEED)
    for column in (f"{prefix}{metric.name}",)
}
_NOTES: Final = {
    "onset_f1": (
        "Onset F1",
        "Within 50 ms; means over recordings in which the stem is annotated. Pooled: of all strokes together.",
    ),
    "invented_per_min": ("Invented strokes per minute", "Onsets without an annotated stroke of the stem."),
    "leakage_db": (
        "Leakage, dB",
        "Level of a stem relative to the mixture after strokes of other stems alone; lower is better.",
    ),
    **_DISTANCES,
    BLEED: ("Bleed, dB", "Level of what was reduced, relative to the isolated stems."),
}


def sections_of(table: pd.DataFrame, methods: Sequence[str]) -> list[Section]:
    """Return one section for each figure that is known of any recording: a row per method, a column per stem.

    Brackets hold 95 % intervals of a percentile bootstrap over recordings.
    """
    stems = stems_in(table)
    sections = []
    for column, (title, note) in _NOTES.items():
        if table[column].isna().all():
            continue
        rows = [_row(table[table["method"] == method], method, column, stems) for method in methods]
        pooled = ("pooled",) if column == "onset_f1" else ()
        sections.append(Section(title, note, ("method", *stems, "stem mean", *pooled), rows))
    return sections


def _row(rows: pd.DataFrame, method: str, column: str, stems: Sequence[str]) -> list[str]:
    digits = 3 if column == "onset_f1" else 1
    cells = [method]
    for stem in stems:
        own = rows[rows["stem"] == stem]
        cells.append(text_of(mean_interval(own[column].to_numpy(float), own["recording"].tolist()), digits))
    names, groups = rows["recording"].tolist(), rows["stem"].tolist()
    cells.append(text_of(mean_interval(rows[column].to_numpy(float), names, groups), digits))
    if column == "onset_f1":
        cells.append(f"{2.0 * rows['matched'].sum() / max(1, rows['strokes'].sum() + rows['detected'].sum()):.3f}")
    return cells


def write_results(out: Path, table: pd.DataFrame, methods: Sequence[str], about: str) -> tuple[Path, Path]:
    """Write the table as Parquet and CSV, and the report; return the paths of the Parquet file and the report."""
    written = write_manifest(out, RECORDINGS_TABLE, table)[0]
    parts = ["# Evaluation on recordings", about, *(section.markdown(2) for section in sections_of(table, methods))]
    write_bytes(out / REPORT, ("\n\n".join(parts) + "\n").encode())
    return written, out / REPORT
