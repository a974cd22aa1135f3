"""Find what a kit that lacks whole instruments plays in their place."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.generate.instruments import CYMBALS, INSTRUMENT_OF, TOMS
from stemgmd_tools.pieces import ARTICULATIONS

LEAST_TOMS: Final = 2
"""Recorded tom heads that a third can be derived from."""
_NEEDED: Final = {
    "kick": ("kick",),
    "snare": ("snare_head",),
    "hihat": ("hihat_closed_bow", "hihat_open_bow"),
    "ride": ("ride_bow",),
    "crash1": ("crash1_edge",),
}
"""Instrument -> recorded articulations without which it is not a kit's own."""
_DRUMS: Final = ("low_tom_head", "kick", "snare_head")
_METAL: Final = ("crash1_edge", "ride_bow", "hihat_open_bow")


def own_instruments(recorded: Collection[str]) -> tuple[str, ...]:
    """Return the instruments of which enough was recorded; a second crash is derived from the first.

    :param recorded: articulations with recordings of their own.
    """
    own = [instrument for instrument, needed in _NEEDED.items() if set(needed) <= set(recorded)]
    if sum(f"{tom}_head" in recorded for tom in TOMS) >= LEAST_TOMS:
        own += TOMS
    return (*own, "crash2") if "crash1" in own else tuple(own)


def stand_ins(recorded: Collection[str]) -> dict[str, str]:
    """Return, for each articulation of an instrument that is not the kit's own, the articulation it falls back on.

    :raises KitError: if no instrument is the kit's own.
    """
    own = own_instruments(recorded)
    lenders = [name for name in ARTICULATIONS if INSTRUMENT_OF[name] in own and name in recorded]
    if not lenders:
        raise KitError("the recordings hold no instrument as a whole; see what each needs in docs/donors.md")
    lacking = [name for name in ARTICULATIONS if INSTRUMENT_OF[name] not in own]
    return {name: _lender(name, lenders) for name in lacking}


def _lender(name: str, lenders: Collection[str]) -> str:
    is_metal = INSTRUMENT_OF[name] in (*CYMBALS, "hihat")
    order = (*_METAL, *_DRUMS) if is_metal else (*_DRUMS, *_METAL)
    return next((lender for lender in order if lender in lenders), next(iter(lenders)))
