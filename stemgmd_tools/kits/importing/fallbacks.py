"""What stands in for an articulation that a library lacks, and how cymbals are choked."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, NamedTuple

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.schema import Fallback
from stemgmd_tools.pieces import ARTICULATIONS


class _StandIn(NamedTuple):
    articulation: str
    gain_db: float = 0.0
    pitch_semitones: float = 0.0
    openness: float | None = None


_STAND_INS: Final[dict[str, tuple[_StandIn, ...]]] = {
    "kick": (_StandIn("low_tom_head", 3, -7),),
    "snare_head": (_StandIn("snare_rimshot", -3, -1), _StandIn("snare_cross_stick", 6, -4)),
    "snare_rimshot": (_StandIn("snare_head", 2, 1), _StandIn("snare_cross_stick", 6)),
    "snare_cross_stick": (_StandIn("snare_rimshot", -8, 4), _StandIn("snare_head", -8, 5)),
    "hi_tom_head": (_StandIn("mid_tom_head", 0, 3), _StandIn("low_tom_head", 0, 6), _StandIn("snare_head", -2, -5)),
    "mid_tom_head": (_StandIn("hi_tom_head", 0, -3), _StandIn("low_tom_head", 0, 4), _StandIn("snare_head", -2, -8)),
    "low_tom_head": (_StandIn("mid_tom_head", 0, -4), _StandIn("hi_tom_head", 0, -7), _StandIn("snare_head", -2, -12)),
    "hi_tom_rim": (_StandIn("hi_tom_head", -2, 2),),
    "mid_tom_rim": (_StandIn("mid_tom_head", -2, 2),),
    "low_tom_rim": (_StandIn("low_tom_head", -2, 2),),
    "hihat_closed_bow": (
        _StandIn("hihat_closed_edge", -2, 1),
        _StandIn("hihat_pedal", 3),
        _StandIn("hihat_open_bow", -6, 0, 0.0),
        _StandIn("hihat_open_edge", -6, 0, 0.0),
    ),
    "hihat_closed_edge": (_StandIn("hihat_closed_bow", 2, -1),),
    "hihat_pedal": (_StandIn("hihat_closed_bow", -6, -2),),
    "hihat_open_bow": (_StandIn("hihat_open_edge", -2, 0.5), _StandIn("hihat_closed_bow", 2, -1)),
    "hihat_open_edge": (_StandIn("hihat_open_bow", 2, -0.5),),
    "ride_bow": (
        _StandIn("ride_edge", -4, 1),
        _StandIn("ride_bell", -2, -4),
        _StandIn("crash1_bow", -4, -2),
        _StandIn("crash1_edge", -6, -2),
        _StandIn("hihat_open_bow", -2, -4, 1.0),
    ),
    "ride_edge": (_StandIn("ride_bow", 4, -1),),
    "ride_bell": (_StandIn("ride_bow", 2, 4),),
    "crash1_edge": (
        _StandIn("crash1_bow", 3, -1),
        _StandIn("crash2_edge", 0, -2),
        _StandIn("crash2_bow", 3, -3),
        _StandIn("ride_edge", 4, 2),
        _StandIn("ride_bow", 8, 1),
        _StandIn("hihat_open_bow", 6, -8.5, 1.0),
    ),
    "crash1_bow": (_StandIn("crash1_edge", -3, 1),),
    "crash2_edge": (_StandIn("crash2_bow", 3, -1), _StandIn("crash1_edge", 0, 2)),
    "crash2_bow": (_StandIn("crash2_edge", -3, 1),),
}
"""Articulation -> what stands in, best first."""

RELEASE_S: Final = {"hihat_closed": 0.03, "hihat_open": 0.06, "ride": 0.12, "crash": 0.12}
"""Length of the fade of a choked sound, by piece, in seconds, where the library does not say."""


def choke_group(articulation: str) -> str | None:
    """Return the choke group of an articulation where the library does not say: hi-hat, ride and each crash."""
    head = articulation.partition("_")[0]
    return head if head in ("hihat", "ride", "crash1", "crash2") else None


def choking(articulation: str) -> bool:
    """Return whether a stroke silences its choke group: those on the closed hi-hat do."""
    return articulation.startswith("hihat_closed") or articulation == "hihat_pedal"


def stand_ins(present: Collection[str]) -> dict[str, Fallback]:
    """Return a fallback for every articulation that is not present.

    :raises KitError: if nothing present can stand in for one.
    """
    fallbacks: dict[str, Fallback] = {}
    missing = [name for name in ARTICULATIONS if name not in present]
    while missing:
        ready = [
            (name, stand_in)
            for name in missing
            for stand_in in [_first(name, {*present, *fallbacks})]
            if stand_in is not None
        ]
        if not ready:
            names = ", ".join(sorted(present)) or "nothing"
            raise KitError(
                f"no sound for {missing[0]}, and nothing that could stand in for it; recognised: {names}; "
                "name what plays it with --map"
            )
        for name, stand_in in ready:
            fallbacks[name] = Fallback(**stand_in._asdict())
        missing = [name for name in missing if name not in fallbacks]
    return fallbacks


def _first(name: str, present: Collection[str]) -> _StandIn | None:
    return next((one for one in _STAND_INS[name] if one.articulation in present), None)
