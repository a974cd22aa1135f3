"""Columns of ``single_hits``."""

from __future__ import annotations

from typing import Final, TypeAlias

from stemgmd_tools import units
from stemgmd_tools.manifest.columns.common import (
    articulation_column,
    count_column,
    hash_column,
    kit_hash,
    kit_key,
    kit_split,
    note_column,
    path_column,
)
from stemgmd_tools.manifest.contexts import SingleHit
from stemgmd_tools.manifest.schema import Column, Columns, Dtype
from stemgmd_tools.manifest.values import Written
from stemgmd_tools.pieces import PIECES

_Written: TypeAlias = Written[SingleHit]


def _peak_dbfs(hit: SingleHit) -> float | None:
    peak = max(int(hit.pcm.max(initial=0)), -int(hit.pcm.min(initial=0)))  # the lowest integer has no positive
    return round(units.db_of_gain(peak / units.full_scale(hit.format.bit_depth)), 2) if peak else None


COLUMNS: Final = Columns(
    "single_hits",
    (
        kit_key(),
        articulation_column("how the piece is played", _Written(lambda hit: hit.note.articulation)),
        Column(
            "piece",
            Dtype.TEXT,
            "stem that contains the hit",
            allowed=tuple(piece.value for piece in PIECES),
            value=_Written(lambda hit: hit.note.piece.value),
        ),
        note_column("MIDI note, of the TD-11's 22", _Written(lambda hit: hit.note.number)),
        Column("velocity", Dtype.INTEGER, "MIDI velocity", low=1, high=127, value=_Written(lambda hit: hit.velocity)),
        path_column("path", "audio file", _Written(lambda hit: hit.file.path)),
        count_column("frames", "length", "frames", low=1, value=_Written(lambda hit: hit.file.frames)),
        count_column("sample_rate", "sampling rate", "Hz", low=1, value=_Written(lambda hit: hit.format.sample_rate)),
        count_column("onset_frame", "where the attack lies", "frames", value=_Written(lambda hit: hit.onset_frame)),
        Column(
            "gain_db",
            Dtype.REAL,
            "headroom gain applied to all velocities of this articulation alike",
            "dB",
            value=_Written(lambda hit: hit.file.gain_db),
        ),
        Column(
            "peak_dbfs",
            Dtype.REAL,
            "highest sample peak; missing for silence",
            "dBFS",
            nullable=True,
            high=0,
            value=_Written(_peak_dbfs),
        ),
        kit_hash(),
        hash_column("content_hash", "file's bytes", _Written(lambda hit: hit.file.sha256)),
        count_column("bytes", "size of the file", "bytes", low=1, value=_Written(lambda hit: hit.file.bytes)),
        kit_split(),
    ),
)
