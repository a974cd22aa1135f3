"""Columns of ``performances``."""

from __future__ import annotations

from typing import Final, TypeAlias

from stemgmd_tools.manifest.columns.common import (
    count_column,
    gmd_split,
    hash_column,
    one_line,
    path_column,
    performance_key,
)
from stemgmd_tools.manifest.contexts import MidiFiles, PerformanceFacts
from stemgmd_tools.manifest.schema import Column, Columns, Dtype
from stemgmd_tools.manifest.values import Known, Written

_Known: TypeAlias = Known[PerformanceFacts]
_Written: TypeAlias = Written[MidiFiles]


def _metadata(name: str) -> Known[PerformanceFacts]:
    """Return the function of a column that the metadata hold under the same name."""
    return Known(lambda performance: one_line(performance.metadata.get(name)))


def _text(name: str, description: str) -> Column:
    return Column(name, Dtype.TEXT, description, nullable=True, value=_metadata(name))


def _reader_count(name: str, description: str) -> Column:
    description = f"in the MIDI file: {description}"
    return Column(name, Dtype.INTEGER, description, nullable=True, low=0, value=_metadata(name))


COLUMNS: Final = Columns(
    "performances",
    (
        performance_key(_Known(lambda performance: performance.id)),
        _text("drummer", "as in GMD"),
        _text("session", "as in GMD"),
        _text("style", "as in GMD: `style` or `style/substyle`"),
        Column(
            "bpm",
            Dtype.REAL,
            "tempo; the first one where it changes",
            "beats/min",
            nullable=True,
            low=0,
            value=_metadata("bpm"),
        ),
        _text("beat_type", "`beat` or `fill`"),
        _text("time_signature", "as in GMD: `4-4`"),
        _text("midi_filename", "the file in its own dataset"),
        _text("audio_filename", "GMD's recording of it, where there is one"),
        Column(
            "duration_s",
            Dtype.REAL,
            "nominal length, tails not included",
            "s",
            low=0,
            value=_Known(lambda performance: float(performance.duration_s)),
        ),
        gmd_split(_Known(lambda performance: performance.metadata.get("split") or None)),
        count_column("hits", "number of hits", value=_Known(lambda performance: len(performance.hits))),
        _text("errata", "known errors of the performance; missing if none"),
        _reader_count("duplicate_hits", "second and later hits of a note on one tick; only the loudest is kept"),
        _reader_count("restrikes", "hits of a note before its note-off; kept"),
        _reader_count("zero_length_notes", "notes of length 0; kept as hits"),
        _reader_count("late_hits", "hits at or after the nominal duration; left out"),
        _reader_count("unmapped_notes", "notes without counterpart in the note mapping; left out"),
        path_column("midi_path", "source MIDI file", _Written(lambda files: files.source.path)),
        hash_column("midi_hash", "source MIDI file's bytes", _Written(lambda files: files.source.sha256)),
        path_column(
            "mapped_midi_path",
            "MIDI file mapped to the nine pieces, time-aligned with the audio",
            _Written(lambda files: files.mapped.path),
        ),
        hash_column("mapped_midi_hash", "mapped MIDI file's bytes", _Written(lambda files: files.mapped.sha256)),
    ),
)
