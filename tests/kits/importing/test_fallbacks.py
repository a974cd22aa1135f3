"""Something sensible stands in for what a library lacks."""

from __future__ import annotations

from collections.abc import Collection

import pytest

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.importing.fallbacks import stand_ins
from stemgmd_tools.kits.sample_map.schema import Articulation, Fallback, KitMap, Layer
from stemgmd_tools.kits.sample_map.validation import problems
from stemgmd_tools.pieces import ARTICULATIONS, NOTE_OF_ARTICULATION

CORE = {"kick", "snare_head", "hihat_closed_bow"}


def fallbacks_of(present: Collection[str], **degrees: tuple[float, ...]) -> dict[str, Fallback]:
    return stand_ins(dict.fromkeys(present, ()) | degrees)


@pytest.mark.parametrize(
    "more", [set(), {"hi_tom_head"}, {"low_tom_rim", "low_tom_head"}, {"ride_bell"}, {"crash2_bow"}]
)
def test_every_articulation_reaches_a_sound(more: set[str]) -> None:
    present = CORE | more
    fallbacks = fallbacks_of(present)
    assert {*present, *fallbacks} == set(ARTICULATIONS)
    for name in fallbacks:
        seen = set()
        while name not in present:
            assert name not in seen, "circle"
            seen.add(name)
            name = fallbacks[name].articulation  # noqa: PLW2901


def test_the_same_drum_goes_before_others() -> None:
    fallbacks = fallbacks_of({*CORE, "mid_tom_head", "crash2_edge", "ride_bow"})
    for name in ("mid_tom_rim", "ride_bell", "ride_edge", "crash2_bow", "crash1_edge"):
        lender = fallbacks[name].articulation
        assert NOTE_OF_ARTICULATION[lender].piece is NOTE_OF_ARTICULATION[name].piece


@pytest.mark.parametrize(
    ("hihat", "closed", "ride"),
    [
        ({"hihat_pedal": ()}, ("hihat_pedal", None), ("hihat_open_bow", None)),
        ({"hihat_open_bow": ()}, ("hihat_open_bow", None), ("hihat_open_bow", None)),
        ({"hihat_open_edge": ()}, ("hihat_open_edge", None), ("hihat_open_bow", None)),
        ({"hihat_open_bow": (0.0, 0.5, 1.0)}, ("hihat_open_bow", 0.0), ("hihat_open_bow", 1.0)),
        ({"hihat_open_edge": (0.1, 1.0)}, ("hihat_open_edge", 0.0), ("hihat_open_bow", 1.0)),
        ({"hihat_pedal": (), "hihat_open_bow": (0.1, 0.8)}, ("hihat_open_bow", 0.0), ("hihat_open_bow", 1.0)),
        ({"hihat_pedal": (), "hihat_open_bow": (0.4, 0.8)}, ("hihat_pedal", None), ("hihat_open_bow", 1.0)),
    ],
)
def test_openness_is_asked_for_only_of_a_hihat_that_has_degrees(
    hihat: dict[str, tuple[float, ...]], closed: tuple[str, float | None], ride: tuple[str, float | None]
) -> None:
    fallbacks = fallbacks_of({"kick", "snare_head"}, **hihat)
    borrowed = [(one.articulation, one.openness) for one in (fallbacks["hihat_closed_bow"], fallbacks["ride_bow"])]
    assert borrowed == [closed, ride]


@pytest.mark.parametrize("degrees", [(), (0.0, 1.0), (0.5, 0.7)])
@pytest.mark.parametrize("hihat", [name for name in ARTICULATIONS if name.startswith("hihat")])
def test_the_map_of_any_hihat_is_valid(hihat: str, degrees: tuple[float, ...]) -> None:
    layers = [Layer(velocity=(1, 127), files=(f"{degree}.wav",), openness=degree) for degree in degrees]
    drum = Articulation(layers=(Layer(velocity=(1, 127), files=("a.wav",)),))
    present = {"kick": drum, "snare_head": drum, hihat: Articulation(layers=tuple(layers)) if layers else drum}
    fallbacks = fallbacks_of(present, **{hihat: degrees})
    articulations = present | {name: Articulation(fallback=fallback) for name, fallback in fallbacks.items()}
    kit_map = KitMap(
        schema_id="stemgmd-kit/1", name="a", title="A", description="", license="CC0-1.0", attribution="",
        articulations=articulations,
    )  # fmt: skip
    assert list(problems(kit_map)) == []


def test_a_crash_stands_in_for_a_ride_before_a_hihat_does() -> None:
    assert fallbacks_of({*CORE, "hihat_open_bow", "crash2_edge"})["ride_bow"].articulation == "crash2_edge"


@pytest.mark.parametrize(
    ("present", "message"),
    [
        ({"ride_bow"}, r"no sound for kick, snare_head, hi_tom_head, hihat_closed_bow, and nothing .*: ride_bow; "),
        (
            {"snare_rimshot", "snare_cross_stick"},
            r"no sound for hihat_closed_bow, ride_bow, crash1_edge, and .*: snare_ri",
        ),
        (set(), r"no sound for kick, snare_head, hi_tom_head, hihat_closed_bow, ride_bow, crash1_edge, .*: nothing; "),
    ],
)
def test_a_library_that_is_no_kit_is_refused(present: set[str], message: str) -> None:
    with pytest.raises(KitError, match=message):
        fallbacks_of(present)
