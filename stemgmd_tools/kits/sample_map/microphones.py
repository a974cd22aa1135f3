"""What a microphone is for, by its name."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Place of a microphone."""

    CLOSE = "close"
    """At a drum or a cymbal, and every microphone whose name says nothing else."""
    OVERHEAD = "overhead"
    ROOM = "room"


_WORDS: Final = {
    Role.OVERHEAD: re.compile(r"(oh|ovh|ovr|overheads?|over)([lr]|\d+)?"),
    Role.ROOM: re.compile(r"(rooms?|amb|ambient|ambience|hall|far|rm)([lr]|\d+)?"),
}


def role_of_microphone(name: str) -> Role:
    """Return the role of a microphone, named as in sample maps.

    >>> [role_of_microphone(name).value for name in ("kdrum_back", "oh_left", "ohr", "amb_l", "room2")]
    ['close', 'overhead', 'overhead', 'room', 'room']
    """
    words = name.split("_")
    return next(
        (role for role, pattern in _WORDS.items() if any(pattern.fullmatch(word) for word in words)), Role.CLOSE
    )
