"""Names of microphones in sample maps."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

_LONGEST: Final = 50
_WORDS: Final = re.compile(r"(?<=[a-z])(?=[A-Z])|[^A-Za-z0-9]+")
"""Where words meet: ``SnareTop``, ``OH left``."""


def map_names(names: Iterable[str]) -> dict[str, str]:
    """Return a name of small letters, digits and underscores for each microphone of a library.

    >>> map_names(["AmbL", "OH left", "OH-Left", "Kdrum_back"])
    {'AmbL': 'amb_l', 'OH left': 'oh_left', 'OH-Left': 'oh_left_2', 'Kdrum_back': 'kdrum_back'}
    """
    short_names: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        short = "_".join(filter(None, _WORDS.split(name)))[:_LONGEST].lower().strip("_") or "microphone"
        numbered = (f"{short}_{number}" for number in range(2, len(taken) + 3))
        short_names[name] = short if short not in taken else next(one for one in numbered if one not in taken)
        taken.add(short_names[name])
    return short_names
