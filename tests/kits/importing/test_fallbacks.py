"""Something sensible stands in for what a library lacks."""

from __future__ import annotations

import pytest

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.importing.fallbacks import stand_ins
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION

CORE = {"kick", "snare_head", "hihat_closed_bow"}


@pytest.mark.parametrize(
    "more", [set(), {"hi_tom_head"}, {"low_tom_rim", "low_tom_head"}, {"ride_bell"}, {"crash2_bow"}]
)
def test_every_articulation_reaches_a_sound(more: set[str]) -> None:
    present = CORE | more
    fallbacks = stand_ins(present)
    assert {*present, *fallbacks} == set(ARTICULATIONS)
    for name in fallbacks:
        seen = set()
        while name not in present:
            assert name not in seen, "circle"
            seen.add(name)
            name = fallbacks[name].articulation  # noqa: PLW2901


def test_the_same_drum_goes_before_others() -> None:
    fallbacks = stand_ins({*CORE, "mid_tom_head", "crash2_edge", "ride_bow"})
    for name in ("mid_tom_rim", "ride_bell", "ride_edge", "crash2_bow", "crash1_edge"):
        lender = fallbacks[name].articulation
        assert NOTE_OF_ARTICULATION[lender].piece is NOTE_OF_ARTICULATION[name].piece


def test_a_library_without_drums_is_refused() -> None:
    with pytest.raises(KitError, match=r"no sound for kick, and nothing that could stand in for it; .*: ride_bow"):
        stand_ins({"ride_bow"})
