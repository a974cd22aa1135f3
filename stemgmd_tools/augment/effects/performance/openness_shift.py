"""Change of the hi-hat's openness."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.effect import EXAMPLE, Parameter, PerformanceEffect
from stemgmd_tools.pieces import NOTES, Group

if TYPE_CHECKING:
    from stemgmd_tools.performances.types import Performance

JUST_OPEN: Final = 0.11
"""Minimum openness of open strokes, above the renderer's ``PEDAL_SHUT``, so that no choke is added or lost."""
_HIHAT_NOTES: Final = tuple(note.number for note in NOTES if note.piece.group is Group.HIHAT)


def openness_shift(performance: Performance, *, shift: float) -> Performance:
    """Add ``shift`` to the openness of hi-hat strokes and of the pedal."""
    hits, pedal = performance.hits.copy(), performance.pedal.copy()
    is_hihat = np.isin(hits["note"], _HIHAT_NOTES)
    hits["openness"] = np.where(is_hihat, _shifted(hits["openness"], shift), hits["openness"])
    pedal["openness"] = _shifted(pedal["openness"], shift)
    return replace(performance, hits=hits, pedal=pedal)


def _shifted(openness: NDArray[np.float32], shift: float) -> NDArray[np.float32]:
    """Return the shifted openness; what is shut stays shut, what is open stays open."""
    from stemgmd_tools.rendering.plan import PEDAL_SHUT

    moved: NDArray[np.float32] = np.clip(openness + shift, JUST_OPEN, 1.0).astype(np.float32)
    return np.where(openness <= PEDAL_SHUT, openness, moved)


EFFECTS: Final = (
    PerformanceEffect(
        "openness_shift",
        "Opens or closes the hi-hat, strokes and pedal; what is shut stays shut, what is open stays open.",
        openness_shift,
        (Parameter("shift", "added to the openness", "", -1.0, 1.0, typical=0.2),),
        EXAMPLE,
    ),
)
