"""Performances: hits, pedal moves and chokes in seconds, independent of kits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.pieces import NOTE_OF_NUMBER
from stemgmd_tools.storage.paths import is_relative_path


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


def _require_id(text: str) -> None:
    """Check that an id can name the files of a corpus."""
    if not is_relative_path(text):
        raise PerformanceError(
            f"{text!r}: cannot be the id of a performance, which names files; allowed: parts joined by /, none of them "
            ". or .., without backslash or control character; rename the MIDI file"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Performance:
    """Hits, pedal moves and chokes on a time line.

    The three tables are structured arrays (:data:`HIT_DTYPE`, :data:`PEDAL_DTYPE`, :data:`CHOKE_DTYPE`), read-only and
    sorted by time; lists of :class:`Hit`, :class:`PedalMove` and :class:`Choke` are accepted and converted.

    :raises PerformanceError: for an id that is no :data:`~stemgmd_tools.storage.paths.RELATIVE_PATH`, a note outside
        the note table, a velocity outside 1..127, an openness outside 0..1, values of the wrong type, a time that is
        negative or not finite, a duration that is not positive or above :data:`MAX_DURATION_S`.
    """

    id: str
    """As in GMD: ``drummer1/session1/3``."""
    hits: Records
    duration_s: float
    """Nominal length in seconds (GMD: the ``duration`` of ``info.csv``), tails not included."""
    pedal: Records = field(default_factory=lambda: np.empty(0, PEDAL_DTYPE))
    chokes: Records = field(default_factory=lambda: np.empty(0, CHOKE_DTYPE))
    metadata: Mapping[str, str | int | float | bool | None] = field(default_factory=dict)
    """The row of ``info.csv`` (or its substitute) and the errata, by column name."""

    def __post_init__(self) -> None:
        """Normalise the tables and check every value."""
        _require_id(self.id)
        for name, dtype in (("hits", HIT_DTYPE), ("pedal", PEDAL_DTYPE), ("chokes", CHOKE_DTYPE)):
            try:
                table = records(getattr(self, name), dtype)
            except (OverflowError, ValueError, TypeError) as error:
                columns = ", ".join(dtype.names or ())
                raise PerformanceError(f"{self.id}: {name} must be rows of {columns} ({error})") from error
            object.__setattr__(self, name, table)
        object.__setattr__(self, "metadata", MappingProxyType(dict(self.metadata)))
        if not 0.0 < self.duration_s <= MAX_DURATION_S:
            raise PerformanceError(
                f"{self.id}: duration is {self.duration_s:g} s; it must be above 0 and at most {MAX_DURATION_S:g}"
            )
        for table in (self.hits, self.pedal, self.chokes):
            times = table["time_s"]
            if len(times) and not (np.isfinite(times).all() and times[0] >= 0.0):
                raise PerformanceError(f"{self.id}: an event lies at {times.min()} s; times must be 0 or later")
        for table in (self.hits, self.pedal):
            openness = table["openness"]
            if not ((openness >= 0.0) & (openness <= 1.0)).all():
                raise PerformanceError(f"{self.id}: openness reaches {openness.min()}..{openness.max()}, allowed 0..1")
        unknown = sorted(set(np.unique(self.hits["note"]).tolist()) - NOTE_OF_NUMBER.keys())
        if unknown:
            raise PerformanceError(f"{self.id}: notes {unknown} are not in the note table; map them first")
        velocities = self.hits["velocity"]
        if len(velocities) and (velocities.min() < 1 or velocities.max() > 127):
            raise PerformanceError(
                f"{self.id}: velocities reach {velocities.min()}..{velocities.max()}, allowed 1..127"
            )

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle through the constructor (mapping proxies do not pickle)."""
        return (type(self), (self.id, self.hits, self.duration_s, self.pedal, self.chokes, dict(self.metadata)))
