"""Apply effects of the performance domain to hits, pedal and chokes, so that labels stay exact."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.augment.chain.effect import Domain
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Row
from stemgmd_tools.augment.chain.stems import pieces_of_stem
from stemgmd_tools.performances.tables import Records
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import NOTES, Piece

_PIECE_OF_NOTE: Final = {note.number: note.piece for note in NOTES}


def is_performed(row: Row) -> bool:
    """Return whether a row acts on the performance."""
    return find_effect(row.effect).domain is Domain.PERFORMANCE


def perform(performance: Performance, rows: Sequence[Row], stems: Sequence[str]) -> Performance:
    """Return the performance after the rows of the performance domain; other rows are ignored.

    :param stems: the example's stems, to which the rows' ``stem`` refers.
    :return: hits, pedal and chokes sorted by time; the same object if no row applies.
    """
    for row in rows:
        if is_performed(row):
            effect = find_effect(row.effect)
            chosen = _chosen(performance.hits, row, stems)
            performance = effect.call(performance, values=effect.values(row.parameters), chosen=chosen)
    return performance


def _chosen(hits: Records, row: Row, stems: Sequence[str]) -> NDArray[np.bool_]:
    """Return a mask of the hits that a row applies to."""
    if row.stem == ALL_STEMS:
        return np.ones(len(hits), bool)
    pieces = {Piece(name) for name in pieces_of_stem(stems[row.stem])}
    return np.isin(hits["note"], [note for note, piece in _PIECE_OF_NOTE.items() if piece in pieces])
