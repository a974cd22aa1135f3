"""Read one MIDI file as a performance."""

from __future__ import annotations

import warnings
from collections.abc import Mapping

from stemgmd_tools.errors import StemgmdWarning
from stemgmd_tools.performances.mapping import NoteMapping
from stemgmd_tools.performances.smf.file import read_events
from stemgmd_tools.performances.smf.interpret import interpret
from stemgmd_tools.performances.types import Performance, Value


def read_midi(
    data: bytes,
    *,
    id: str,  # noqa: A002
    where: str | None = None,
    duration_s: float | None = None,
    mapping: NoteMapping = NoteMapping.TD11,
    metadata: Mapping[str, Value] | None = None,
) -> Performance:
    """Return the performance in the MIDI file ``data``.

    :param where: name of the file in messages; the id if omitted.
    :param duration_s: the duration in seconds; None for the last onset plus :data:`DECAY_S`.
    :param metadata: metadata of the performance; the fields of :class:`ReadCounts` are added.
    :warns StemgmdWarning: if the file had to be repaired.
    :raises PerformanceError: as :func:`~stemgmd_tools.performances.smf.file.read_events` does; or if no duration is
        stated and there is no hit to take one from.
    """
    where = where or id
    reading = interpret(read_events(data, where), where=where, duration_s=duration_s, mapping=mapping)
    warn_of_repairs(where, reading.repairs)
    return Performance(
        id=id,
        hits=reading.hits,
        duration_s=reading.duration_s,
        pedal=reading.pedal,
        chokes=reading.chokes,
        metadata={**(metadata or {}), **reading.counts._asdict()},
    )


def warn_of_repairs(where: str, repairs: str) -> None:
    """Warn of the repairs of the file ``where``, if there are any."""
    if repairs:
        warnings.warn(f"{where}: repaired: {repairs}", StemgmdWarning, stacklevel=3)
