"""Columns of the table of recordings: one row per method, recording and stem."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.manifest.schema import Column, Dtype, Table
from stemgmd_tools.separation.evaluation.recordings.references import BLEED, LESS_BLEED, METRICS
from stemgmd_tools.separation.evaluation.table import STEMS

RECORDINGS_TABLE: Final = Table(
    "recordings",
    "How well methods separate real recordings: one row per method, recording and stem.",
    (
        Column("method", Dtype.TEXT, "what separated"),
        Column("recording", Dtype.TEXT, "name of the recording"),
        Column("stem", Dtype.TEXT, "a group or a piece", allowed=STEMS),
        Column("duration_s", Dtype.REAL, "length of the recording", "s", low=0),
        Column(
            "strokes",
            Dtype.INTEGER,
            "annotated strokes; those within 30 ms count as one; like all that rests on them missing if not annotated",
            nullable=True,
            low=0,
        ),
        Column("detected", Dtype.INTEGER, "onsets detected in the estimate", low=0),
        Column(
            "matched",
            Dtype.INTEGER,
            "annotated strokes with an onset of their own within 50 ms",
            nullable=True,
            low=0,
        ),
        Column(
            "onset_f1", Dtype.REAL, "F1 of onsets within 50 ms; missing without strokes", nullable=True, low=0, high=1
        ),
        Column("onset_f1_30ms", Dtype.REAL, "the same within 30 ms", nullable=True, low=0, high=1),
        Column("onset_f1_20ms", Dtype.REAL, "the same within 20 ms", nullable=True, low=0, high=1),
        Column(
            "invented_per_min",
            Dtype.REAL,
            "onsets without an annotated stroke, per minute",
            "1/min",
            nullable=True,
            low=0,
        ),
        Column(
            "leakage_db",
            Dtype.REAL,
            "level of the estimate relative to the mixture within 100 ms after strokes of other stems, where the stem "
            "itself was not struck for 250 ms; missing if that is nowhere",
            "dB",
            nullable=True,
        ),
        *(
            Column(metric.name, Dtype.REAL, f"{metric.title} against the isolated stem", "dB", nullable=True)
            for metric in METRICS
        ),
        *(
            Column(
                f"{LESS_BLEED}{metric.name}",
                Dtype.REAL,
                f"{metric.title} against the isolated stem with its bleed reduced",
                "dB",
                nullable=True,
            )
            for metric in METRICS
        ),
        Column(BLEED, Dtype.REAL, "level of the reduced bleed relative to the isolated stem", "dB", nullable=True),
    ),
    key=("method", "recording", "stem"),
)
