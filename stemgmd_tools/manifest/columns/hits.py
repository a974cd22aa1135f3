"""Columns of ``hits``."""

from __future__ import annotations

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.manifest.columns.common import articulation_column, count_column, note_column, performance_key
from stemgmd_tools.manifest.contexts import HitFacts
from stemgmd_tools.manifest.schema import Column, Columns, Dtype
from stemgmd_tools.manifest.values import Known
from stemgmd_tools.pieces import NOTES, PIECES

_Known: TypeAlias = Known[HitFacts]

_ARTICULATION: Final = np.full(256, "", object)
_PIECE: Final = np.full(256, "", object)
for _note in NOTES:
    _ARTICULATION[_note.number] = _note.articulation
    _PIECE[_note.number] = _note.piece.value


def _openness(played: HitFacts) -> NDArray[np.float64]:
    """Return the openness as the doubles that the shortest decimals of the float32 values stand for."""
    different, place = np.unique(played.hits["openness"], return_inverse=True)
    return np.array([float(str(value)) for value in different], np.float64)[place]


COLUMNS: Final = Columns(
    "hits",
    (
        performance_key(_Known(lambda played: played.performance)),
        count_column(
            "index",
            "number of the hit in its performance, from 0",
            value=_Known(lambda played: np.arange(len(played.hits))),
        ),
        Column(
            "time_s",
            Dtype.REAL,
            "onset from the start of the performance",
            "s",
            low=0,
            value=_Known(lambda played: played.hits["time_s"]),
        ),
        count_column(
            "frame",
            "onset at the corpus's sampling rate; the attack lies on this frame",
            "frames",
            value=_Known(lambda played: units.frames_of_array(played.hits["time_s"], played.sample_rate)),
        ),
        note_column("MIDI note of the TD-11 mapping", _Known(lambda played: played.hits["note"])),
        Column(
            "piece",
            Dtype.TEXT,
            "stem that contains the hit",
            allowed=tuple(piece.value for piece in PIECES),
            value=_Known(lambda played: _PIECE[played.hits["note"]]),
        ),
        articulation_column("how the piece was played", _Known(lambda played: _ARTICULATION[played.hits["note"]])),
        Column(
            "velocity",
            Dtype.INTEGER,
            "MIDI velocity",
            low=1,
            high=127,
            value=_Known(lambda played: played.hits["velocity"]),
        ),
        Column(
            "openness",
            Dtype.REAL,
            "hi-hat openness, 0 shut .. 1 open; 0 for other pieces",
            low=0,
            high=1,
            value=_Known(_openness),
        ),
    ),
)
