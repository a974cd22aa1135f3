"""Tables of hits, pedal moves and chokes, in seconds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray


class Hit(NamedTuple):
    """One stroke."""

    time_s: float
    """Onset in seconds from the start of the performance."""
    note: int
    """MIDI note number, one of the 22 of the note table."""
    velocity: int
    """MIDI velocity, 1..127."""
    openness: float = 0.0
    """Hi-hat openness at the stroke: 0 shut .. 1 wide open; 0 for everything that is not a hi-hat."""


class PedalMove(NamedTuple):
    """A new position of the hi-hat pedal."""

    time_s: float
    openness: float
    """0 shut .. 1 wide open."""


class Choke(NamedTuple):
    """A hand that stops a ringing cymbal (poly aftertouch)."""

    time_s: float
    note: int


MAX_DURATION_S: Final = 86_400.0
"""Maximum duration: one day."""

HIT_DTYPE: Final = np.dtype([("time_s", "f8"), ("note", "u1"), ("velocity", "u1"), ("openness", "f4")])
PEDAL_DTYPE: Final = np.dtype([("time_s", "f8"), ("openness", "f4")])
CHOKE_DTYPE: Final = np.dtype([("time_s", "f8"), ("note", "u1")])

Records: TypeAlias = NDArray[np.void]
"""A one-dimensional structured array; each of its dtypes mirrors the tuple of the same name."""


def records(rows: Iterable[Hit | PedalMove | Choke] | Records, dtype: np.dtype[np.void]) -> Records:
    """Return ``rows`` as a read-only structured array sorted by time (stable)."""
    if isinstance(rows, np.ndarray):
        table: Records = np.array(rows, dtype=dtype)
    else:
        table = np.array([tuple(row) for row in rows], dtype=dtype)
    table = table[np.argsort(table["time_s"], kind="stable")]
    table.setflags(write=False)
    return table
