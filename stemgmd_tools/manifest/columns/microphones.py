"""Columns of ``microphones``: those of ``stems``, and the microphone."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from stemgmd_tools.manifest.columns import levels, stems
from stemgmd_tools.manifest.contexts import TrackFacts
from stemgmd_tools.manifest.schema import Column, Columns, Dtype
from stemgmd_tools.manifest.values import Known
from stemgmd_tools.pieces import PIECES


def _columns() -> tuple[Column, ...]:
    """Return the columns of ``stems`` with one for the microphone after the kit."""
    columns = {column.name: column for column in stems.COLUMNS.columns}
    track = replace(
        columns["track"],
        description="one of the nine pieces as the microphone hears it, or the mixture, all of them",
        allowed=(*(piece.value for piece in PIECES), stems.MIXTURE),
    )
    microphone = Column(
        "microphone",
        Dtype.TEXT,
        "microphone, named as in the kit's sample map",
        pattern="[a-z0-9][a-z0-9_]*",
        value=Known[TrackFacts](lambda facts: facts.microphone),
    )
    names = list(columns)
    place = names.index(levels.COLUMNS.after) + 1
    columns["track"] = track
    own = [columns[name] for name in names]
    return (*own[:2], microphone, *own[2:place], *levels.COLUMNS.columns, *own[place:])


COLUMNS: Final = Columns("microphones", _columns())
