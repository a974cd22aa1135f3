"""Recognise articulations from the names and MIDI notes of drum samples.

Every guess carries what it rests on and how sure it is, so that it can be shown and overridden. The words are those of
:mod:`stemgmd_tools.kits.recognition.vocabulary`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from stemgmd_tools.kits.recognition.articulations import Guess, describe, guess_of_articulation, guess_of_key
from stemgmd_tools.kits.recognition.vocabulary import (
    CRASH,
    CYMBAL,
    DYNAMICS,
    HIHAT,
    MICROPHONES,
    RIDE,
    SPECIAL,
    SURE,
    TOM,
    WEAK,
    WORDS,
    Word,
)
from stemgmd_tools.kits.recognition.words import LONGEST_NAME, Token, tokens
from stemgmd_tools.pieces import ARTICULATIONS

__all__ = ["Guess", "articulation_of_key", "articulation_of_names", "special_strokes"]

_SEPARATOR: Final = re.compile(r"[/\\]")
_SUFFIX: Final = re.compile(r"\.[A-Za-z][A-Za-z0-9]{1,4}\Z")
_NOTE_PREFIX: Final = re.compile(r"(\d{2,3})[-_ .]+(?=\D)")
_MOST_SEGMENTS: Final = 12
_GENERAL: Final = frozenset({"percussion", "effect"})
"""Instruments that a folder's name says nothing about its files with."""
_KINDS_OF_CYMBAL: Final = frozenset({CYMBAL, RIDE, CRASH, HIHAT, "china", "splash", "gong", "stack"})
_NUMBERED: Final = frozenset({TOM, CRASH, CYMBAL})
_SIDES: Final = {"l": 1, "left": 1, "r": 2, "right": 2}


@dataclass
class _Segment:
    """What one part of a path says."""

    text: str
    instrument: str = ""
    score: float = SURE
    strikes: list[str] = field(default_factory=list)
    special: list[str] = field(default_factory=list)
    words: list[str] = field(default_factory=list)
    """Those it rests on."""
    number: int | None = None
    """Of the instrument, such as 2 in ``Tom2``."""
    size_inches: int | None = None
    note: int | None = None
    """MIDI note at its beginning, as in ``36-Kick``."""
    rest: list[str] = field(default_factory=list)


def articulation_of_names(names: Sequence[str]) -> Guess | None:
    """Return the articulation that names of a sample say.

    :param names: the most telling first: names of instrument or group, then paths, of which the last part says most.
        Paths should be relative to the library.
    :return: None if no word of them names an instrument.
    """
    if names and names[0] in ARTICULATIONS:
        return guess_of_articulation(names[0])
    parts = [part for name in names for part in reversed(_parts(name))][:_MOST_SEGMENTS]
    for keeps_microphones in (False, True):
        combined = _combined(
            _read(part, keeps_microphones=keeps_microphones or place == 0) for place, part in enumerate(parts)
        )
        if combined.instrument:
            return describe(
                combined.instrument,
                combined.strikes,
                score=combined.score,
                number=combined.number,
                size_inches=combined.size_inches,
                note=combined.note,
                special=combined.special,
                reason=f'{" + ".join(dict.fromkeys(combined.words))} in "{combined.text}"',
                rest=combined.rest,
            )
    return None


def special_strokes(names: Sequence[str]) -> tuple[str, ...]:
    """Return the words for strokes that no articulation stands for, in the last part of each name."""
    last = [_parts(name)[-1:] for name in names]
    return tuple(dict.fromkeys(token.text for part in last for token in tokens("".join(part)) if token.text in SPECIAL))


def articulation_of_key(key: int, key_name: str = "") -> Guess | None:
    """Return the articulation that a MIDI note plays: by the library's own name of it, else by General MIDI.

    :param key_name: what the library calls the note, if it does.
    :return: None for notes that none of the 22 articulations stands for.
    """
    return (articulation_of_names([key_name]) if key_name else None) or guess_of_key(key)


def _parts(name: str) -> list[str]:
    """Return the parts of a path, without the suffix of the last."""
    parts = [part for part in _SEPARATOR.split(name[-4 * LONGEST_NAME :]) if part.strip(". ")]
    return [*parts[:-1], _SUFFIX.sub("", parts[-1])] if parts else []


def _combined(segments: Iterator[_Segment]) -> _Segment:
    """Combine the parts of a path, from its end on, as far as they speak of one instrument."""
    sum_ = _Segment("")
    for segment in segments:
        if not segment.instrument:
            _add(sum_, segment)
        elif not sum_.instrument or _refines(segment, sum_):
            strikes = [] if sum_.instrument and sum_.instrument != CYMBAL else sum_.strikes
            sum_.instrument, sum_.score, sum_.strikes, sum_.text = (
                segment.instrument,
                segment.score,
                strikes,
                segment.text,
            )
            _add(sum_, segment)
        elif segment.instrument == sum_.instrument:
            sum_.score = max(sum_.score, segment.score)
            _add(sum_, segment)
        elif {segment.instrument, sum_.instrument} <= _KINDS_OF_CYMBAL or segment.instrument in _GENERAL:
            continue
        elif segment.score < min(sum_.score, SURE):
            continue  # such as a folder oh of overhead microphones
        else:
            break
    return sum_


def _refines(folder: _Segment, name: _Segment) -> bool:
    """Return whether the name of a folder says better what its files hold than their own names."""
    if name.instrument == CYMBAL:
        return folder.instrument in _KINDS_OF_CYMBAL
    if name.instrument in _GENERAL:
        return folder.instrument not in _GENERAL
    related = {folder.instrument, name.instrument} <= _KINDS_OF_CYMBAL and folder.instrument == CYMBAL
    return name.score < folder.score and folder.instrument not in {name.instrument, *_GENERAL} and not related


def _add(sum_: _Segment, segment: _Segment) -> None:
    sum_.strikes += segment.strikes
    sum_.special += segment.special
    sum_.words += segment.words
    sum_.rest += segment.rest
    if sum_.number is None:
        sum_.number = segment.number
    if sum_.size_inches is None:
        sum_.size_inches = segment.size_inches
    if sum_.note is None:
        sum_.note = segment.note


def _read(text: str, *, keeps_microphones: bool) -> _Segment:
    """Read one part of a path."""
    segment = _Segment(text)
    prefix = _NOTE_PREFIX.match(text)
    segment.note = int(prefix[1]) if prefix else None
    word_tokens = tokens(text)
    place = _instrument_at(word_tokens, keeps_microphones=keeps_microphones)
    if place is not None:
        word = WORDS[word_tokens[place].text]
        segment.instrument, segment.score = word.instrument, word.score
        segment.number, segment.size_inches = _numbers(word_tokens, place)
    if place is not None and segment.instrument == TOM:
        segment.strikes += _letter_of_tom(word_tokens[place + 1 : place + 2])
    for position, token in enumerate(word_tokens):
        if place is not None and position != place and _is_overhead(token.text, after=position == place + 1):
            continue
        _read_token(segment, token, is_instrument=position == place)
    return segment


def _letter_of_tom(after: Sequence[Token]) -> list[str]:
    """Return which tom a letter after its name says, as in ``tom-h``."""
    letters = {"h": "high", "m": "mid", "l": "low"}
    return [letters[token.text] for token in after if token.text in letters]


def _is_overhead(text: str, *, after: bool) -> bool:
    """Return whether ``oh``, or a word as unclear, stands beside an instrument without telling how it is struck."""
    word = WORDS.get(text)
    return word is not None and word.score == WEAK and word.instrument == HIHAT and not after


def _read_token(segment: _Segment, token: Token, *, is_instrument: bool) -> None:
    word = WORDS.get(token.text)
    is_crashed_hihat = segment.instrument == HIHAT and word is not None and word[0::2] == (CRASH, SURE)
    if not is_instrument and (token.text in SPECIAL or is_crashed_hihat):
        segment.special.append(token.text)
    elif word is None:
        if not token.is_number and token.text not in DYNAMICS and token.text not in MICROPHONES and len(token.text) > 2:
            segment.rest.append(token.text)
    elif is_instrument or not word.instrument or word.instrument == segment.instrument or _is_shared(token.text):
        segment.strikes += [word.strike] if word.strike else []
        segment.words.append(token.text)
    elif segment.instrument == RIDE and word.instrument == CRASH:
        segment.strikes.append("edge")
        segment.words.append(token.text)


def _is_shared(text: str) -> bool:
    """Return whether a word that implies one instrument, such as ``rim``, may also tell how another is struck."""
    return WORDS[text].strike in ("rimshot", "rim", "cross_stick", "bell")


def _instrument_at(word_tokens: Sequence[Token], *, keeps_microphones: bool) -> int | None:
    """Return the position of the word that names the instrument: the surest, then the first.

    Names of microphones, such as ``snare_top``, count only where nothing else names an instrument.
    """
    places = [place for place, token in enumerate(word_tokens) if token.text in WORDS and WORDS[token.text].instrument]
    own = [place for place in places if not _is_microphone(word_tokens, place)]
    candidates = own or (places if keeps_microphones else [])
    kinds = [place for place in candidates if _is_kind(WORDS[word_tokens[place].text])]
    return max(kinds or candidates, key=lambda place: WORDS[word_tokens[place].text].score, default=None)


def _is_kind(word: Word) -> bool:
    """Return whether a word tells more than that something is a cymbal, percussion or an effect."""
    return word.instrument not in {CYMBAL, *_GENERAL} and word.score > WEAK


def _is_microphone(word_tokens: Sequence[Token], place: int) -> bool:
    return place + 1 < len(word_tokens) and word_tokens[place + 1].text in MICROPHONES - {"oh"}


def _numbers(word_tokens: Sequence[Token], place: int) -> tuple[int | None, int | None]:
    """Return the number of an instrument and its size, from what stands beside its name.

    ``Tom1``, ``Tom 1`` and ``CrashR`` carry a number; ``Tom_1`` may do so too, but ``Crash_1`` is a take.
    """
    word = WORDS[word_tokens[place].text]
    after = word_tokens[place + 1] if place + 1 < len(word_tokens) else None
    before = word_tokens[place - 1] if place else None
    number = size = None
    beside = (after, before if word_tokens[place].gap in ("", " ") else None)
    for token in beside:
        if token is not None and token.is_number and len(token.text) <= 2 and 6 <= int(token.text) <= 28:
            size = size or (int(token.text) if token is before or word.instrument == TOM else None)
    if after is None or word.instrument not in _NUMBERED:
        return number, size
    if after.text in tuple("123456") and (not after.gap.strip() or word.instrument == TOM):
        number = int(after.text)
        size = None if not after.gap.strip() else size
    elif word.instrument == CRASH:
        number = _SIDES.get(after.text)
    return number, size
