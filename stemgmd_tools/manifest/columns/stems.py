"""Columns of ``stems``, apart from the measured levels."""

from __future__ import annotations

from typing import Final, TypeAlias

from stemgmd_tools.manifest.columns.common import (
    count_column,
    gmd_split,
    hash_column,
    kit_hash,
    kit_key,
    kit_split,
    path_column,
    performance_key,
)
from stemgmd_tools.manifest.contexts import TrackFacts, TrackFile
from stemgmd_tools.manifest.schema import Column, Columns, Dtype
from stemgmd_tools.manifest.values import Known, Written
from stemgmd_tools.pieces import GROUPS, PIECES

MIXTURE: Final = "mixture"
TRACKS: Final = (*(piece.value for piece in PIECES), MIXTURE, *(f"group_{group.value}" for group in GROUPS))
"""All tracks of a performance and a kit: nine stems, their mixture, the group stems."""

_Known: TypeAlias = Known[TrackFacts]
_Written: TypeAlias = Written[TrackFile]

COLUMNS: Final = Columns(
    "stems",
    (
        performance_key(),
        kit_key(),
        Column(
            "track",
            Dtype.TEXT,
            "one of the nine stems, their mixture, or the sum of a group of them",
            allowed=TRACKS,
            value=_Known(lambda track: track.track),
        ),
        path_column("path", "audio file", _Written(lambda file: file.path)),
        count_column("frames", "length", "frames", low=1, value=_Written(lambda file: file.frames)),
        count_column("sample_rate", "sampling rate", "Hz", low=1, value=_Known(lambda track: track.format.sample_rate)),
        count_column("hits", "hits that this track plays", value=_Known(lambda track: track.hits)),
        Column(
            "gain_db",
            Dtype.REAL,
            "headroom gain applied to all tracks of this performance and kit alike",
            "dB",
            value=_Written(lambda file: file.gain_db),
        ),
        count_column("seed", "seed of the corpus", value=_Known(lambda track: track.seed)),
        kit_hash(),
        hash_column("content_hash", "file's bytes", _Written(lambda file: file.sha256)),
        count_column("bytes", "size of the file", "bytes", low=1, value=_Written(lambda file: file.bytes)),
        gmd_split(),
        kit_split(),
    ),
)
