"""What stands in for an articulation that a library lacks, and how cymbals are choked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.schema import Fallback
from stemgmd_tools.pieces import ARTICULATIONS


class _StandIn(NamedTuple):
    articulation: str
    gain_db: float = 0.0
    pitch_semitones: float = 0.0
    openness: float | None = None
    """Of a hi-hat with degrees of openness: it stands in with the degree nearest to this."""
    within: float = 1.0
    """Farthest that degree may be from it; below 1, a hi-hat without degrees does not stand in."""


_SHUT: Final = 0.25
"""Openness of an open hi-hat up to which it sounds as the closed one."""


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
        _StandIn("hihat_open_bow", 0, 0, 0.0, _SHUT),
        _StandIn("hihat_open_edge", -2, 1, 0.0, _SHUT),
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
        _StandIn("crash2_bow", -4, -3),
        _StandIn("crash2_edge", -6, -3),
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

_NEEDED: Final = ("kick", "snare_head", "hi_tom_head", "hihat_closed_bow", "ride_bow", "crash1_edge")
"""Articulations, one for each instrument, that an error names where nothing stands in for them."""

_SHOWN: Final = 5

RELEASE_S: Final = {"hihat_closed": 0.03, "hihat_open": 0.06, "ride": 0.12, "crash": 0.12}
"""Length of the fade of a choked sound, by piece, in seconds, where the library does not say."""


def choke_group(articulation: str) -> str | None:
    """Return the choke group of an articulation where the library does not say: hi-hat, ride and each crash."""
    head = articulation.partition("_")[0]
    return head if head in ("hihat", "ride", "crash1", "crash2") else None


def choking(articulation: str) -> bool:
    """Return whether a stroke silences its choke group: those on the closed hi-hat do."""
    return articulation.startswith("hihat_closed") or articulation == "hihat_pedal"


def stand_ins(present: Mapping[str, Sequence[float]], left_out: Iterable[str] = ()) -> dict[str, Fallback]:
    """Return a fallback for every articulation that is not present.

    :param present: articulation -> degrees of openness that it was recorded at, none if it has one sound only.
    :param left_out: what else the library holds, for messages.
    :raises KitError: if nothing present can stand in for one.
    """
    fallbacks: dict[str, Fallback] = {}
    degrees = dict(present)
    missing = [name for name in ARTICULATIONS if name not in present]
    while missing:
        ready = [
            (name, stand_in)
            for name in missing
            for stand_in in [next((one for one in _STAND_INS[name] if _is_there(one, degrees)), None)]
            if stand_in is not None
        ]
        if not ready:
            raise _cannot_stand_in(missing, present, left_out)
        for name, stand_in in ready:
            lent = degrees[stand_in.articulation]
            openness = stand_in.openness if lent else None
            fallbacks[name] = Fallback(
                articulation=stand_in.articulation,
                gain_db=stand_in.gain_db,
                pitch_semitones=stand_in.pitch_semitones,
                openness=openness,
            )
            degrees[name] = lent if openness is None else (_nearest(openness, lent),)
        missing = [name for name in missing if name not in fallbacks]
    return fallbacks


def _is_there(stand_in: _StandIn, degrees: Mapping[str, Sequence[float]]) -> bool:
    """Return whether an articulation has a sound, its own or a borrowed one, of the openness that is wanted."""
    if stand_in.articulation not in degrees or stand_in.openness is None or stand_in.within == 1.0:
        return stand_in.articulation in degrees
    lent = degrees[stand_in.articulation]
    return bool(lent) and abs(_nearest(stand_in.openness, lent) - stand_in.openness) <= stand_in.within


def _nearest(openness: float, degrees: Sequence[float]) -> float:
    return min(degrees, key=lambda degree: abs(degree - openness))


def _cannot_stand_in(missing: Sequence[str], present: Mapping[str, object], left_out: Iterable[str]) -> KitError:
    """Return the error about a library that is no kit: a drum alone, or other instruments."""
    without = ", ".join(name for name in _NEEDED if name in missing)
    names = ", ".join(name for name in ARTICULATIONS if name in present) or "nothing"
    others = list(dict.fromkeys(left_out))
    more = f" and {len(others) - _SHOWN} more" if len(others) > _SHOWN else ""
    besides = f"; left out: {', '.join(others[:_SHOWN])}{more}" if others else ""
    return KitError(
        f"no sound for {without}, and nothing that could stand in; recognised: {names}{besides}; "
        "give the definition of a whole kit, or name what plays it with --map"
    )
