"""The note table of the Groove MIDI Dataset, and the pieces, groups and articulations derived from it.

One row per note (Roland TD-11; Gillick et al., "Learning to groove with inverse sequence transformations", 2019,
appendix B): the note number, the drum module's name for it, its articulation and its piece. Every other mapping in the
package is computed from this table.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Final, NamedTuple

from stemgmd_tools.errors import UsageError


class Group(StrEnum):
    """The five stems of LarsNet, in its order."""

    KICK = "kick"
    SNARE = "snare"
    TOMS = "toms"
    HIHAT = "hihat"
    CYMBALS = "cymbals"


class Piece(StrEnum):
    """The nine stems, in canonical order: axis 0 of every stem array."""

    KICK = "kick"
    SNARE = "snare"
    HI_TOM = "hi_tom"
    MID_TOM = "mid_tom"
    LOW_TOM = "low_tom"
    HIHAT_CLOSED = "hihat_closed"
    HIHAT_OPEN = "hihat_open"
    RIDE = "ride"
    CRASH = "crash"

    @property
    def group(self) -> Group:
        """The LarsNet stem this piece belongs to."""
        return _GROUP_OF[self]

    @property
    def axis(self) -> int:
        """The index of this piece on axis 0 of a stem array."""
        return PIECES.index(self)


_GROUP_OF: Final = {
    Piece.KICK: Group.KICK,
    Piece.SNARE: Group.SNARE,
    Piece.HI_TOM: Group.TOMS,
    Piece.MID_TOM: Group.TOMS,
    Piece.LOW_TOM: Group.TOMS,
    Piece.HIHAT_CLOSED: Group.HIHAT,
    Piece.HIHAT_OPEN: Group.HIHAT,
    Piece.RIDE: Group.CYMBALS,
    Piece.CRASH: Group.CYMBALS,
}

PIECES: Final[tuple[Piece, ...]] = tuple(Piece)
GROUPS: Final[tuple[Group, ...]] = tuple(Group)
PIECES_OF_GROUP: Final = {group: tuple(p for p in PIECES if p.group is group) for group in GROUPS}


class Note(NamedTuple):
    """One row of the note table."""

    number: int
    """MIDI note number."""
    td11_name: str
    """Name on the drum module."""
    articulation: str
    """Name of the sound; unique in the table."""
    piece: Piece
    """Stem of the sound."""
    general_midi: int
    """Nearest note of General MIDI's percussion map."""


NOTES: Final[tuple[Note, ...]] = (
    Note(36, "Kick", "kick", Piece.KICK, 36),
    Note(38, "Snare (Head)", "snare_head", Piece.SNARE, 38),
    Note(40, "Snare (Rim)", "snare_rimshot", Piece.SNARE, 40),
    Note(37, "Snare X-Stick", "snare_cross_stick", Piece.SNARE, 37),
    Note(48, "Tom 1", "hi_tom_head", Piece.HI_TOM, 50),
    Note(50, "Tom 1 (Rim)", "hi_tom_rim", Piece.HI_TOM, 50),
    Note(45, "Tom 2", "mid_tom_head", Piece.MID_TOM, 47),
    Note(47, "Tom 2 (Rim)", "mid_tom_rim", Piece.MID_TOM, 47),
    Note(43, "Tom 3 (Head)", "low_tom_head", Piece.LOW_TOM, 43),
    Note(58, "Tom 3 (Rim)", "low_tom_rim", Piece.LOW_TOM, 43),
    Note(42, "HH Closed (Bow)", "hihat_closed_bow", Piece.HIHAT_CLOSED, 42),
    Note(22, "HH Closed (Edge)", "hihat_closed_edge", Piece.HIHAT_CLOSED, 42),
    Note(44, "HH Pedal", "hihat_pedal", Piece.HIHAT_CLOSED, 44),
    Note(46, "HH Open (Bow)", "hihat_open_bow", Piece.HIHAT_OPEN, 46),
    Note(26, "HH Open (Edge)", "hihat_open_edge", Piece.HIHAT_OPEN, 46),
    Note(51, "Ride (Bow)", "ride_bow", Piece.RIDE, 51),
    Note(59, "Ride (Edge)", "ride_edge", Piece.RIDE, 59),
    Note(53, "Ride (Bell)", "ride_bell", Piece.RIDE, 53),
    Note(49, "Crash 1 (Bow)", "crash1_bow", Piece.CRASH, 49),
    Note(55, "Crash 1 (Edge)", "crash1_edge", Piece.CRASH, 49),
    Note(57, "Crash 2 (Bow)", "crash2_bow", Piece.CRASH, 57),
    Note(52, "Crash 2 (Edge)", "crash2_edge", Piece.CRASH, 57),
)

NOTE_OF_NUMBER: Final = {note.number: note for note in NOTES}
NOTE_OF_ARTICULATION: Final = {note.articulation: note for note in NOTES}
ARTICULATIONS: Final[tuple[str, ...]] = tuple(note.articulation for note in NOTES)
"""All 22 articulations, in table order: the order of every bank."""


def note_of(number: int) -> Note:
    """Return the row of a MIDI note number.

    :raises UsageError: if the note is not one of the 22.
    """
    try:
        return NOTE_OF_NUMBER[number]
    except KeyError:
        known = ", ".join(str(n) for n in sorted(NOTE_OF_NUMBER))
        raise UsageError(f"MIDI note {number} is not in the note table; known notes: {known}") from None
