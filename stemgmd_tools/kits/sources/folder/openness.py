"""Degrees of openness in the names of hi-hats: ``open1`` .. ``open4``, ``open_full``."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Final

_DEGREE: Final = re.compile(r"open[ _-]?(\d{1,2}|full(?:y)?)(?![A-Za-z0-9])", re.IGNORECASE)
_FEWEST: Final = 2


def openness_of_voices(voices: Iterable[str]) -> dict[str, float]:
    """Return the openness of voices whose names number how far the hi-hat is open, evenly from shut to 1.

    :return: only voices of which there are two or more that differ in the number alone; ``full`` is the last.

    >>> openness_of_voices(["hat_open1", "hat_open2", "hat_open_full", "hat_closed", "ride_open1"])
    {'hat_open1': 0.333, 'hat_open2': 0.667, 'hat_open_full': 1.0}
    """
    degrees: dict[str, dict[str, int]] = defaultdict(dict)
    for voice in voices:
        match = _DEGREE.search(voice)
        if match:
            number = int(match[1]) if match[1].isdigit() else 100
            degrees[voice[: match.start()] + "*" + voice[match.end() :]][voice] = number
    openness: dict[str, float] = {}
    for numbers in degrees.values():
        ranks = sorted(set(numbers.values()))
        if len(ranks) >= _FEWEST:
            openness |= {
                voice: round((ranks.index(number) + 1) / len(ranks), 3)
                for voice, number in sorted(numbers.items(), key=lambda row: row[1])
            }
    return openness
