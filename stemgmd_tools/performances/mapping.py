"""Map the note numbers of MIDI files to the 22 notes of the note table."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import UsageError
from stemgmd_tools.pieces import NOTES

UNMAPPED: Final = -1
MIDI_NOTES: Final = 128


class NoteMapping(StrEnum):
    """Note mapping of a file."""

    TD11 = "td11"
    """Roland TD-11, as in GMD: the 22 notes of the note table, unchanged."""
    GM = "gm"
    """General MIDI's percussion map; hand percussion and effects have no counterpart and are left out."""


def reading_mapping(name: str) -> NoteMapping:
    """Return how notes are read for a mapping of the render settings: ``td11``, ``gm`` or ``stemgmd``.

    StemGMD's mapping gives articulations their pieces; notes are those of the TD-11.
    """
    return NoteMapping.GM if name == NoteMapping.GM else NoteMapping.TD11


def note_mapping(name: str) -> NoteMapping:
    """Return the mapping of a name.

    :raises UsageError: if there is none of this name.
    """
    if name not in tuple(NoteMapping):
        raise UsageError(f"mapping is {name!r}; allowed: {', '.join(NoteMapping)}")
    return NoteMapping(name)


_GM_EXTRA: Final = {
    35: 36,  # acoustic bass drum: the kit has one kick
    40: 38,  # electric snare: another snare drum, not a rimshot
    59: 51,  # ride cymbal 2: another ride, struck as the first
    41: 43,  # low floor tom: General MIDI has six toms, the kit has three
    45: 45,  # low tom
    48: 48,  # hi-mid tom
    49: 55,  # crash cymbal 1: a crash is struck with the shoulder of the stick on the edge, its bow gives a ping
    57: 52,  # crash cymbal 2, likewise
    52: 52,  # china: the edge of the second crash is the trashiest cymbal of the kit
    55: 55,  # splash: the edge of the first crash
}
"""General MIDI notes that the table's ``general_midi`` column, read backwards, does not reach or plays too tamely."""


def _gm_table() -> dict[int, int]:
    table: dict[int, int] = {}
    for note in NOTES:
        table.setdefault(note.general_midi, note.number)
    return table | _GM_EXTRA


_TABLES: Final = {
    NoteMapping.TD11: {note.number: note.number for note in NOTES},
    NoteMapping.GM: _gm_table(),
}


def note_table(mapping: NoteMapping) -> dict[int, int]:
    """Return a dict from every note number of ``mapping`` to its note in the note table."""
    return dict(_TABLES[mapping])


def lookup(mapping: NoteMapping) -> NDArray[np.int16]:
    """Return :func:`note_table` as an array of 128, with :data:`UNMAPPED` where there is no counterpart."""
    array = np.full(MIDI_NOTES, UNMAPPED, np.int16)
    for source, target in _TABLES[mapping].items():
        array[source] = target
    return array
