"""Stems from other performances."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from stemgmd_tools import units
from stemgmd_tools.augment.chain.effect import OTHER_KIT, STEMS, Kind, Parameter, SourceEffect

if TYPE_CHECKING:
    from stemgmd_tools.augment.symbolic.kit_effects import Layers


def other_song(
    layers: Layers, *, performance: str, kit: str, start_s: float, sample_rate: int, **_drawing: Any
) -> Layers:
    """Take the stem from another performance, kit and position; further parameters decided which."""
    start = units.frames_of(start_s, sample_rate)
    return (layers[0]._replace(performance=performance, kit=kit, start=start, weight=1.0),)


EFFECTS: Final = (
    SourceEffect(
        "random_mix",
        "Takes each stem from another performance, kit and position.",
        other_song,
        (
            Parameter(
                "match",
                "what the source shares with the example: nothing, its kit, its tempo (within 3 %)",
                kind=Kind.CHOICE,
                choices=("any", "same_kit", "same_bpm"),
                default="any",
            ),
            Parameter(
                "min_hits",
                "minimum number of hits of the stem; up to 16 positions are tried",
                "",
                0,
                1000,
                0,
                Kind.INTEGER,
            ),
            Parameter("performance", "the replacement performance", kind=Kind.PERFORMANCE),
            OTHER_KIT,
            Parameter("start_s", "where in it the segment starts", "s", kind=Kind.START),
        ),
        STEMS,
        changes_time=True,
        source="Jeon et al. 2024",
        replaces=True,
    ),
    SourceEffect(
        "remix",
        "Takes each stem, unchanged, from one of several songs, the example among them.",
        other_song,
        (
            Parameter("songs", "number of songs", "", 2, 64, 4, Kind.INTEGER),
            Parameter("performance", "the performance of the song", kind=Kind.PERFORMANCE),
            Parameter("kit", "the kit of the song, of the same split", kind=Kind.KIT),
            Parameter("start_s", "where in it the segment starts", "s", kind=Kind.START),
        ),
        STEMS,
        changes_time=True,
        source="Remix of Demucs (demucs/augment.py), whose groups are of 4 songs",
        replaces=True,
        shares_songs=True,
    ),
)
