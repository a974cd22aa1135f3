"""Microphones of a DrumGizmo kit. The format has no levels or positions; names tell stereo pairs and triggers."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from stemgmd_tools.kits.sample_map.schema import OFF_DB
from stemgmd_tools.kits.sources.base import Microphone

_SIDE: Final = re.compile(
    r"^(?P<base>.*?)[ _-]*(?P<side>left|right|l|r)(?P<end>(?:[ _-]*(?:\d+|channel|ch))?)$", re.IGNORECASE
)
_STEREO: Final = re.compile(r"amb|^oh|over|room|hall|far|stereo|mix|main|master|^$", re.IGNORECASE)
"""Pairs that hear the whole kit. "Kick L" and "Kick R" are mostly two drums, each with a microphone of its own."""
_TRIGGER: Final = re.compile(r"trig|alesis", re.IGNORECASE)
"""Channels without a microphone: the signal of a drum trigger, or a drum module that it plays (Aasimonster's "Alesis").
It is as loud as a close microphone whatever the strength of the stroke, so a mix with it has hardly any dynamics."""
_MAX_NAME: Final = 200


def microphones_of(names: Sequence[str], alone: Collection[str] = ()) -> dict[str, Microphone]:
    """Return the microphones by name; the two of a stereo pair are panned to their sides, triggers are switched off.

    :param alone: microphones that are the only one of a stroke; they stay switched on.

    >>> [microphone.pan for microphone in microphones_of(["AmbL", "AmbR", "KdrumL", "KdrumR"]).values()]
    [-1.0, 1.0, 0.0, 0.0]
    >>> microphones_of(["Snare", "Trigger"])["Trigger"].gain_db
    -144.0
    """
    sides = {name: _side(name) for name in names}
    pairs = set(sides.values())
    return {
        name: Microphone(
            gain_db=OFF_DB if _TRIGGER.search(name[:_MAX_NAME]) and name not in alone else 0.0,
            pan=float(side) if (pair, -side) in pairs else 0.0,
        )
        for name, (pair, side) in sides.items()
    }


def _side(name: str) -> tuple[str, int]:
    """Return what a name has in common with that of its partner, and its side: -1 left, 1 right, 0 neither."""
    match = _SIDE.match(name[:_MAX_NAME])
    if match is None or not _STEREO.search(match["base"]):
        return name, 0
    return f"{match['base']}:{match['end']}".lower(), -1 if match["side"].lower().startswith("l") else 1
