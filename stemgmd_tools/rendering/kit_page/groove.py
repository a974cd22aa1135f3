"""Render performances of the starter set for the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.performances.source import starter_set
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import PIECES
from stemgmd_tools.rendering.kit_page.excerpts import as_base64, faded
from stemgmd_tools.rendering.mix import mix
from stemgmd_tools.rendering.plan import plan

PERFORMANCES: Final = ("drummer11/session1/1", "drummer11/session1/4", "drummer13/session1/5")
"""Played one after the other. They have one tempo, and together they play all nine pieces."""
TAIL_S: Final = 2.5
"""How long sounds ring after the last bar."""
_FADE_S: Final = 0.5


def rendered_groove(bank: Bank) -> dict[str, Any]:
    """Return the stems of the groove as FLAC in base64, its tempo and its length."""
    parts = [performance for performance in starter_set().read() if performance.id in PERFORMANCES]
    groove = joined("groove", parts)
    stems = mix(plan(groove, bank), bank)
    frames = min(stems.frames, units.frames_of(groove.duration_s + TAIL_S, bank.sample_rate))
    return {
        "performances": [{"id": part.id, "style": str(part.metadata["style"])} for part in parts],
        "bpm": parts[0].metadata["bpm"],
        "loop_s": units.frames_of(groove.duration_s, bank.sample_rate) / bank.sample_rate,
        "seconds": frames / bank.sample_rate,
        "stems": [
            as_base64(faded_pcm(stems[piece][:, :frames].T, bank.sample_rate), bank.sample_rate) for piece in PIECES
        ],
    }


def faded_pcm(pcm: NDArray[np.integer], sample_rate: int) -> NDArray[np.int16]:
    """Return 16-bit samples, shape (frames, channels), with a fade at the end."""
    return np.rint(faded(pcm.astype(np.float64), _FADE_S, sample_rate)).astype(np.int16)


def joined(id: str, parts: Iterable[Performance]) -> Performance:  # noqa: A002 - as in Performance
    """Return performances played one after the other, without metadata."""
    start_s, tables = 0.0, []
    for part in parts:
        moved = [table.copy() for table in (part.hits, part.pedal, part.chokes)]
        for table in moved:
            table["time_s"] += start_s
        tables.append(moved)
        start_s += part.duration_s
    hits, pedal, chokes = (np.sort(np.concatenate(rows), order="time_s") for rows in zip(*tables, strict=True))
    return Performance(id, hits, start_s, pedal, chokes)
