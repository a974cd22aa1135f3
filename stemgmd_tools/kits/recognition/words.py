"""Split names of drum samples into words that the vocabulary knows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import Final, NamedTuple

from stemgmd_tools.kits.recognition.vocabulary import DYNAMICS, MICROPHONES, SPECIAL, WORDS

LONGEST_NAME: Final = 300
"""Number of characters of a name that are looked at; file systems allow 255 bytes."""
_RUN: Final = re.compile(r"[^\W\d_]+|[0-9]+")
_CAMEL: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^\WA-Z\d_]+|[A-Z]+|[^\W\d_]+")
_MOST_JOINED: Final = 3
"""Words that one entry of the vocabulary may be written as, such as ``hi hat closed``."""
_LONGEST_WORD: Final = 20
_SHORTEST_PART: Final = 3
"""Letters of a word inside an undivided name; two for an abbreviation at its beginning, as in ``BDhard``."""
_ENDS: Final = ("kick", "snare", "hihat", "hats", "crash", "cymbal", "rimshot")
"""Instruments whose names end no other word of music."""
_KNOWN: Final = WORDS.keys() | SPECIAL | MICROPHONES | DYNAMICS.keys()


class Token(NamedTuple):
    """A word or a number of a name."""

    text: str
    """Lower case."""
    gap: str
    """What stands between it and the token before it."""

    @property
    def is_number(self) -> bool:
        """Whether it is a number."""
        return self.text.isascii() and self.text.isdigit()


def tokens(name: str) -> list[Token]:
    """Split a name at punctuation, digits, capitals and between known words.

    >>> [token.text for token in tokens("SD_RimshotV3-rr02")]
    ['sd', 'rimshot', 'v', '3', 'rr', '02']
    >>> [token.text for token in tokens("closedhat Hi-Hat")]
    ['closedhat', 'hihat']
    """
    return _joined(list(_split(name[:LONGEST_NAME])))


def _split(name: str) -> Iterator[Token]:
    end = 0
    for run in _RUN.finditer(name):
        gap = name[end : run.start()]
        end = run.end()
        for text in _words_of(run[0]):
            yield Token(text, gap)
            gap = ""


@cache
def _words_of(run: str) -> tuple[str, ...]:
    """Split letters without punctuation between them."""
    lower = run.lower()
    if run[0].isdigit() or lower in _KNOWN:
        return (lower,)
    camel = [part.lower() for part in _CAMEL.findall(run)]
    if len(camel) > 1 and all(part in _KNOWN for part in camel):
        return tuple(camel)
    whole = _known_parts(lower, first=True)
    if whole is not None:
        return whole
    parts = [part for part in camel if not _is_letter_of_drum(part)]  # the K of a name such as KLoNe is no kick
    return tuple(word for part in parts for word in (_known_parts(part, first=True) or _with_known_end(part)))


def _is_letter_of_drum(part: str) -> bool:
    return len(part) == 1 and part in WORDS


def _with_known_end(text: str) -> tuple[str, ...]:
    """Divide an unknown word such as ``clubkick`` before the name of an instrument."""
    end = next((word for word in _ENDS if text.endswith(word) and text != word), "")
    return (text.removesuffix(end), end) if end else (text,)


@cache
def _known_parts(text: str, *, first: bool) -> tuple[str, ...] | None:
    """Divide a text into known words, the longest first; None if something remains."""
    if not text:
        return ()
    shortest = _SHORTEST_PART - first
    for length in range(min(len(text), _LONGEST_WORD), shortest - 1, -1):
        if text[:length] in _KNOWN:
            rest = _known_parts(text[length:], first=False)
            if rest is not None:
                return (text[:length], *rest)
    return None


def _joined(split: list[Token]) -> list[Token]:
    """Join neighbours that are one word of the vocabulary, such as ``hi`` and ``hat``."""
    joined: list[Token] = []
    place = 0
    while place < len(split):
        count = next((n for n in range(_MOST_JOINED, 1, -1) if _is_word(split[place : place + n], n)), 1)
        text = "".join(token.text for token in split[place : place + count])
        joined.append(Token(text, split[place].gap))
        place += count
    return joined


def _is_word(parts: list[Token], count: int) -> bool:
    """Return whether so many tokens are one word; single letters count as the ``x`` of ``x-stick`` only."""
    if len(parts) < count or any(token.is_number or (len(token.text) < 2 and token.text != "x") for token in parts):
        return False
    return "".join(token.text for token in parts) in WORDS
