"""Performances: hits, pedal moves and chokes in seconds, independent of kits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeAlias

import numpy as np

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances.mapping import note_mapping
from stemgmd_tools.performances.pretty import events_of, pretty_midi_of
from stemgmd_tools.performances.smf.interpret import interpret
from stemgmd_tools.performances.tables import CHOKE_DTYPE, HIT_DTYPE, MAX_DURATION_S, PEDAL_DTYPE, Records, records
from stemgmd_tools.pieces import NOTE_OF_NUMBER
from stemgmd_tools.storage.paths import is_relative_path

Value: TypeAlias = str | int | float | bool | None
"""A value of the metadata."""


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
    metadata: Mapping[str, Value] = field(default_factory=dict)
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

    @classmethod
    def from_pretty_midi(
        cls,
        midi: Any,
        *,
        id: str,  # noqa: A002
        mapping: str = "td11",
        duration_s: float | None = None,
        metadata: Mapping[str, Value] | None = None,
    ) -> Performance:
        """Return the performance that the drum instruments of a ``pretty_midi.PrettyMIDI`` play.

        Hits are notes of instruments with ``is_drum``, or of the only instrument; the hi-hat pedal is CC4. PrettyMIDI
        drops poly aftertouch (chokes) and notes of no length when it reads a file, so read files with
        :func:`stemgmd_tools.load_performances`.

        :param id: the performance's id, which names files: ``my_song/verse``.
        :param mapping: note numbers, ``td11`` or ``gm``.
        :param duration_s: the duration in seconds; None for the last onset plus 2 s.
        :param metadata: added to ``bpm``, ``time_signature`` and the counts of special notes.
        :raises UsageError: for an unknown mapping.
        :raises PerformanceError: if no instrument plays drums, or there is no hit and no duration.
        """
        events = events_of(midi, id)
        reading = interpret(events, where=id, duration_s=duration_s, mapping=note_mapping(mapping))
        own = {"bpm": events.bpm, "time_signature": events.time_signature, **reading.counts._asdict()}
        return cls(id, reading.hits, reading.duration_s, reading.pedal, reading.chokes, {**own, **(metadata or {})})

    def to_pretty_midi(self) -> Any:
        """Return the performance as a ``pretty_midi.PrettyMIDI`` with one drum instrument.

        Notes are those of the note table (TD-11), 0.1 s long or until they are struck again; the hi-hat pedal is CC4.
        Tempo and time signature are those of the metadata, by default 120 bpm and 4-4. Chokes are left out, because
        pretty_midi has no aftertouch. Onsets are exact; in a file that ``write`` makes of it, they are within 0.25 ms
        in performances of up to 80 minutes.
        """
        return pretty_midi_of(self.hits, self.pedal, self.metadata)
