"""Labels of annotated recordings and the pieces they belong to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from stemgmd_tools.performances.mapping import NoteMapping, note_table
from stemgmd_tools.pieces import NOTE_OF_NUMBER, NOTES, PIECES, Group, Piece

MDB: Final[Mapping[str, Piece]] = {
    "KD": Piece.KICK,
    "SD": Piece.SNARE,
    "SDB": Piece.SNARE,
    "SDD": Piece.SNARE,
    "SDF": Piece.SNARE,
    "SDG": Piece.SNARE,
    "SDNS": Piece.SNARE,
    "SST": Piece.SNARE,
    "HIT": Piece.HI_TOM,
    "MHT": Piece.MID_TOM,
    "HFT": Piece.LOW_TOM,
    "LFT": Piece.LOW_TOM,
    "CHH": Piece.HIHAT_CLOSED,
    "PHH": Piece.HIHAT_CLOSED,
    "OHH": Piece.HIHAT_OPEN,
    "RDC": Piece.RIDE,
    "RDB": Piece.RIDE,
    "CRC": Piece.CRASH,
    "CHC": Piece.CRASH,
    "SPC": Piece.CRASH,
}
"""The subclasses of MDB Drums (Southall et al. 2017); SDB brush, SDD drag, SDF flam, SDG ghost note, SDNS without
snares, SST side stick."""
MDB_IGNORED: Final = frozenset({"TMB"})
"""Tambourine: in no group."""

ENST: Final[Mapping[str, Piece]] = {
    "bd": Piece.KICK,
    "sd": Piece.SNARE,
    "sd-": Piece.SNARE,
    "rs": Piece.SNARE,
    "cs": Piece.SNARE,
    "sweep": Piece.SNARE,
    "mt": Piece.HI_TOM,
    "mtr": Piece.HI_TOM,
    "lmt": Piece.MID_TOM,
    "lt": Piece.LOW_TOM,
    "ltr": Piece.LOW_TOM,
    "lft": Piece.LOW_TOM,
    "chh": Piece.HIHAT_CLOSED,
    "ohh": Piece.HIHAT_OPEN,
    "rc": Piece.RIDE,
    "cr": Piece.CRASH,
    "ch": Piece.CRASH,
    "spl": Piece.CRASH,
    "c": Piece.CRASH,
}
"""The labels of ENST-Drums (Gillet & Richard 2006), without the numbers of cymbals (``rc2``, ``cr5``)."""
ENST_IGNORED: Final = frozenset({"sticks", "cb"})
"""Sticks on each other and cowbell: in no group."""

IDMT: Final[Mapping[str, Piece]] = {"KD": Piece.KICK, "SD": Piece.SNARE, "HH": Piece.HIHAT_CLOSED}
"""The instruments of IDMT-SMT-Drums (Dittmar & Gärtner 2014); open and closed hi-hats have one label."""

MIDI: Final[Mapping[int, Piece]] = {
    note: NOTE_OF_NUMBER[own].piece
    for mapping in (NoteMapping.GM, NoteMapping.TD11)
    for note, own in note_table(mapping).items()
}
"""MIDI notes of General MIDI, and those of GMD that it lacks; where both have a note, its group is the same."""

_FIRST_OF_GROUP: Final = {
    Group.TOMS.value: Piece.MID_TOM,
    Group.HIHAT.value: Piece.HIHAT_CLOSED,
    Group.CYMBALS.value: Piece.CRASH,
}
PLAIN: Final[Mapping[str, Piece]] = {
    **MDB,
    **_FIRST_OF_GROUP,
    **{str(note): piece for note, piece in MIDI.items()},
    **{note.articulation: note.piece for note in NOTES},
    **{piece.value: piece for piece in PIECES},
}
"""Labels of the plain layout: groups, pieces, articulations, MIDI notes, and those of MDB Drums."""
