"""The articulation of an instrument and a way to strike it, and of notes of General MIDI."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from stemgmd_tools.kits.recognition.vocabulary import CRASH, CYMBAL, HIHAT, KICK, RIDE, SNARE, SURE, TOM

HALF_OPEN: Final = 0.4
"""Openness of a hi-hat that is called half or semi open."""
_QUARTER_OPEN: Final = 0.2
_OPENNESS: Final = frozenset({"closed", "half", "quarter", "open", "pedal"})
"""Strikes that only a hi-hat has."""
_UNSAID: Final = 0.5
"""Factor of the score where a name leaves open which of several articulations it means."""


@dataclass(frozen=True, slots=True)
class Guess:
    """What a name or a note says about a sample."""

    articulation: str | None
    """One of :data:`stemgmd_tools.pieces.ARTICULATIONS`; None for an instrument that none of them stands for."""
    instrument: str
    """What is struck: ``kick`` .. ``crash``, or another instrument such as ``cowbell``."""
    score: float
    """1 for full names, less for abbreviations and for what the name leaves open."""
    reason: str
    """What the guess rests on, for people."""
    openness: float | None = None
    """Of a hi-hat, 0 shut .. 1 open, if the name says it."""
    number: int | None = None
    """Which of several such instruments, such as 2 for ``Tom2``."""
    special: tuple[str, ...] = ()
    """Strokes that no articulation stands for, such as ``flam`` or ``choke``; prefer a guess without."""
    rest: tuple[str, ...] = ()
    """Words that say nothing about the articulation, such as makers."""
    certainty: float = SURE
    """How surely the instrument is recognised, whatever is left open about it: 1 for full names."""


_GENERAL_MIDI: Final = {
    22: ("hihat_closed_edge", 0.7, 0.0),
    26: ("hihat_open_edge", 0.7, 1.0),
    35: ("kick", 0.6, None),
    36: ("kick", 0.9, None),
    37: ("snare_cross_stick", 0.9, None),
    38: ("snare_head", 0.9, None),
    40: ("snare_rimshot", 0.5, None),
    41: ("low_tom_head", 0.6, None),
    42: ("hihat_closed_bow", 0.9, 0.0),
    43: ("low_tom_head", 0.8, None),
    44: ("hihat_pedal", 0.9, None),
    45: ("mid_tom_head", 0.6, None),
    46: ("hihat_open_bow", 0.9, 1.0),
    47: ("mid_tom_head", 0.8, None),
    48: ("hi_tom_head", 0.6, None),
    49: ("crash1_edge", 0.9, None),
    50: ("hi_tom_head", 0.8, None),
    51: ("ride_bow", 0.9, None),
    53: ("ride_bell", 0.9, None),
    57: ("crash2_edge", 0.9, None),
    59: ("ride_edge", 0.5, None),
}
"""Note -> articulation, score, openness: General MIDI's percussion, with the hi-hat edges of Roland modules.

Two notes of General MIDI are read as electronic kits use them: 40 (electric snare) as a rimshot, 59 (second ride) as
the edge of the ride. Where two notes give one articulation, the surer one is the better choice.
"""


def guess_of_key(key: int) -> Guess | None:
    """Return what a note of General MIDI plays; None for those that none of the 22 articulations stands for."""
    row = _GENERAL_MIDI.get(key)
    if row is None:
        return None
    articulation, score, openness = row
    return Guess(articulation, _instrument_of(articulation), score, f"note {key} of General MIDI", openness)


def guess_of_articulation(articulation: str) -> Guess:
    """Return the guess for a name that is an articulation's own."""
    openness = 1.0 if "_open_" in articulation else 0.0 if "_closed_" in articulation else None
    return Guess(articulation, _instrument_of(articulation), 1.0, f'"{articulation}"', openness)


def _instrument_of(articulation: str) -> str:
    return next(name for name in (KICK, SNARE, TOM, HIHAT, RIDE, CRASH) if name in articulation)


@dataclass(frozen=True, slots=True)
class _Stroke:
    strikes: frozenset[str]
    number: int | None
    size_inches: int | None
    by_note: str | None
    """Articulation of the note in the name, if it is one of the instrument."""


Choice = tuple[str, float, float | None]
"""Articulation, factor of the score, openness."""


def describe(
    instrument: str,
    strikes: Sequence[str],
    *,
    score: float,
    number: int | None,
    size_inches: int | None,
    note: int | None,
    special: Sequence[str],
    reason: str,
    rest: Sequence[str],
) -> Guess:
    """Return the guess for an instrument and words that tell how it is struck.

    :param strikes: strikes of the vocabulary, in the order in which they were found.
    :param note: MIDI note that stands in the name; it decides only what words leave open.
    """
    choose = _CHOICES.get(instrument)
    if instrument == CYMBAL and not _OPENNESS.isdisjoint(strikes):
        choose, instrument = _hihat, HIHAT
    if "bell" in strikes and instrument in (HIHAT, CRASH):
        special = (*special, "bell")
    if choose is None:
        return Guess(None, instrument, score, reason, None, number, tuple(special), tuple(rest), score)
    by_note = _GENERAL_MIDI.get(note, ("",))[0] if note is not None else ""
    stroke = _Stroke(frozenset(strikes), number, size_inches, by_note if instrument in by_note else None)
    articulation, factor, openness = choose(stroke)
    return Guess(articulation, instrument, score * factor, reason, openness, number, tuple(special), tuple(rest), score)


def _kick(_: _Stroke) -> Choice:
    return "kick", 1.0, None


def _snare(stroke: _Stroke) -> Choice:
    if "cross_stick" in stroke.strikes:
        return "snare_cross_stick", 1.0, None
    if "rimshot" in stroke.strikes:
        return "snare_rimshot", 1.0, None
    if stroke.strikes & {"rim", "edge"}:
        return "snare_rimshot", _UNSAID, None
    return "snare_head", 1.0, None


_TOMS: Final = ("hi_tom", "mid_tom", "low_tom")
_TOM_OF_WORDS: Final[tuple[tuple[frozenset[str], str], ...]] = (
    (frozenset({"floor"}), "low_tom"),
    (frozenset({"high", "mid"}), "hi_tom"),
    (frozenset({"mid"}), "mid_tom"),
    (frozenset({"high"}), "hi_tom"),
    (frozenset({"low"}), "low_tom"),
)
"""Words -> tom; the first row whose words are all there decides."""


def _tom(stroke: _Stroke) -> Choice:
    tom, factor = _which_tom(stroke)
    on_rim = stroke.strikes & {"rim", "rimshot", "edge", "cross_stick"}
    return f"{tom}_{'rim' if on_rim else 'head'}", factor, None


def _which_tom(stroke: _Stroke) -> tuple[str, float]:
    named = next((tom for words, tom in _TOM_OF_WORDS if words <= stroke.strikes), "")
    if named:
        return named, 1.0
    if stroke.size_inches is not None:
        return _TOMS[(stroke.size_inches > 12) + (stroke.size_inches > 14)], 0.6
    if stroke.number is not None:
        return _TOMS[min(stroke.number, 3) - 1], 0.8
    if "middle" in stroke.strikes:  # beside a number it is the place of the stroke
        return "mid_tom", 1.0
    if stroke.by_note:
        return stroke.by_note.rpartition("_")[0], 0.7
    return "hi_tom", _UNSAID


def _hihat(stroke: _Stroke) -> Choice:
    if "pedal" in stroke.strikes:
        return "hihat_pedal", 1.0, None
    side = "edge" if "edge" in stroke.strikes else "bow"
    for word, piece, openness in (
        ("half", "open", HALF_OPEN),
        ("quarter", "open", _QUARTER_OPEN),
        ("closed", "closed", 0.0),
        ("open", "open", 1.0),
    ):
        if word in stroke.strikes:
            return f"hihat_{piece}_{side}", 1.0, openness
    if stroke.by_note:
        return stroke.by_note, 0.7, 1.0 if "open" in stroke.by_note else 0.0
    return f"hihat_closed_{side}", _UNSAID, None


def _ride(stroke: _Stroke) -> Choice:
    if "bell" in stroke.strikes:
        return "ride_bell", 1.0, None
    if "edge" in stroke.strikes:
        return "ride_edge", 1.0, None
    if stroke.by_note and "bow" not in stroke.strikes:
        return stroke.by_note, 1.0 if stroke.by_note == "ride_bow" else 0.9, None
    return "ride_bow", 1.0, None


def _crash(stroke: _Stroke) -> Choice:
    which = 2 if (stroke.number or 1) > 1 else 1
    if stroke.number is None and stroke.by_note:
        which = int(stroke.by_note[len(CRASH)])
    return f"crash{which}_{'bow' if stroke.strikes & {'bow', 'head', 'middle'} else 'edge'}", 1.0, None


def _cymbal(stroke: _Stroke) -> Choice:
    articulation, _, openness = _crash(stroke)
    return articulation, _UNSAID, openness


_CHOICES: Final[dict[str, Callable[[_Stroke], Choice]]] = {
    KICK: _kick,
    SNARE: _snare,
    TOM: _tom,
    HIHAT: _hihat,
    RIDE: _ride,
    CRASH: _crash,
    CYMBAL: _cymbal,
}
