"""Problems of values in a YAML file, and suggestions of similar known words."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import NamedTuple


class Problem(NamedTuple):
    """Something in a sample map that cannot be used."""

    at: tuple[str | int, ...]
    """Keys and indices from the root of the map to the value."""
    text: str
    """Description of the problem: the value found and the values allowed."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return `` (did you mean "..."?)`` for the known word most like ``word``, or an empty string."""
    matches = difflib.get_close_matches(word, list(known), n=1)
    return f' (did you mean "{matches[0]}"?)' if matches else ""
