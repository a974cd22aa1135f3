"""The instruments that articulations belong to, and groups of instruments."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.pieces import ARTICULATIONS

DRUMS: Final = ("kick", "snare", "hi_tom", "mid_tom", "low_tom")
TOMS: Final = ("hi_tom", "mid_tom", "low_tom")
CYMBALS: Final = ("ride", "crash1", "crash2")
INSTRUMENTS: Final = (*DRUMS, "hihat", *CYMBALS)

GROUPS: Final = {"kick": ("kick",), "snare": ("snare",), "toms": TOMS, "hihat": ("hihat",), "cymbals": CYMBALS}
"""Groups of instruments that come from the same donors."""

MAIN: Final = {
    "kick": "kick",
    "snare": "snare_head",
    "hi_tom": "hi_tom_head",
    "mid_tom": "mid_tom_head",
    "low_tom": "low_tom_head",
    "hihat": "hihat_closed_bow",
    "ride": "ride_bow",
    "crash1": "crash1_edge",
    "crash2": "crash2_edge",
}
"""Instrument -> its main articulation."""


SIMILAR: Final = {instrument: "tom" if instrument in TOMS else instrument.rstrip("12") for instrument in INSTRUMENTS}
"""Instrument -> its kind; one of a kind may stand in for another."""


def _instrument(articulation: str) -> str:
    return next(name for name in INSTRUMENTS if articulation.startswith(name))


INSTRUMENT_OF: Final = {articulation: _instrument(articulation) for articulation in ARTICULATIONS}
"""Articulation -> instrument."""

GROUP_OF: Final = {instrument: group for group, members in GROUPS.items() for instrument in members}
"""Instrument -> group."""
