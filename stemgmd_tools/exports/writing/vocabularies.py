"""Vocabularies of labels for drum transcription: one table of what each calls every hit, with its source."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from stemgmd_tools.pieces import Group, Note


class Vocabulary(NamedTuple):
    """Labels of hits."""

    label: Callable[[Note], str | None]
    """Label of a row of the note table; None leaves the hit out."""
    labels: str
    """What the labels are, in words."""
    source: str


_VOGL: Final = "Vogl, Widmer and Knees, Towards Multi-Instrument Drum Transcription, DAFx 2018"
_THREE: Final = {Group.KICK: "kick", Group.SNARE: "snare", Group.HIHAT: "hihat"}
_EIGHTEEN: Final = {
    36: "BD",
    38: "SD",
    40: "SD",
    37: "SS",
    50: "HT",
    47: "MT",
    43: "LT",
    42: "CHH",
    44: "PHH",
    46: "OHH",
    51: "RD",
    59: "RD",
    53: "RB",
    49: "CRC",
    57: "CRC",
}
"""General MIDI note -> label; hand clap, tambourine, splash, china, cowbell and clave are not in the note table."""
_EIGHT: Final = {
    "BD": "BD",
    "SD": "SD",
    **dict.fromkeys(("HT", "MT", "LT"), "TT"),
    **dict.fromkeys(("CHH", "PHH", "OHH"), "HH"),
    "RD": "RD",
    "RB": "BE",
    "CRC": "CY",
}
"""Label of eighteen -> label of eight; the side stick has none."""

VOCABULARIES: Final[dict[str, Vocabulary]] = {
    "9": Vocabulary(lambda note: note.piece.value, "the nine stems", "StemGMD (Mezza et al. 2024)"),
    "3": Vocabulary(
        lambda note: _THREE.get(note.piece.group),
        "kick, snare, hihat; other hits are left out",
        "Wu et al., A Review of Automatic Drum Transcription, TASLP 2018",
    ),
    "5": Vocabulary(lambda note: note.piece.group.value, "the five groups", "LarsNet (Mezza et al. 2024)"),
    "8": Vocabulary(
        lambda note: _EIGHT.get(_EIGHTEEN[note.general_midi]),
        "BD, SD, TT, HH, CY, RD, BE; cross-sticks are left out, CL does not occur",
        _VOGL,
    ),
    "18": Vocabulary(
        lambda note: _EIGHTEEN[note.general_midi],
        "BD, SD, SS, HT, MT, LT, CHH, PHH, OHH, RD, RB, CRC; CLP, TB, SPC, CHC, CB, CL do not occur",
        _VOGL,
    ),
    "22": Vocabulary(lambda note: note.articulation, "the articulations", "Roland TD-11 (Gillick et al. 2019)"),
}
"""By number of labels."""


def rows() -> list[tuple[str, str, str]]:
    """Return the table of the documentation: number, labels, source."""
    return [(name, vocabulary.labels, vocabulary.source) for name, vocabulary in VOCABULARIES.items()]
