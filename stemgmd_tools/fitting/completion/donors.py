"""Borrow missing pieces from other recorded kits and record their origin."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.sample_map.schema import Recording
from stemgmd_tools.kits.synthesis.parameters import REFERENCE_VELOCITY, VoiceModel
from stemgmd_tools.kits.voices.arithmetic import level_db
from stemgmd_tools.pieces import ARTICULATIONS

if TYPE_CHECKING:
    from stemgmd_tools.fitting.estimation.recorded_kit import Fitted
    from stemgmd_tools.kits.sample_map.kit import Kit

ANCHORS: Final = (
    "kick",
    "snare_head",
    "hi_tom_head",
    "low_tom_head",
    "hihat_closed_bow",
    "hihat_open_bow",
    "ride_bow",
    "crash1_edge",
)
"""Strokes whose levels are compared to equalise two kits."""

_BESIDE: Final = {"snare_cross_stick": "snare_head", "snare_rimshot": "snare_head"}
"""Strokes whose level is relative to another stroke rather than to the kit."""


class Lent(NamedTuple):
    """A voice, and the recorded kits that it was measured on."""

    voice: VoiceModel
    kits: tuple[str, ...]


def offset_db(own: Mapping[str, VoiceModel], donor: Mapping[str, VoiceModel], articulation: str) -> float:
    """Return the gain that adjusts a donor's stroke to the level of another kit.

    It is the median difference of the strokes that both kits have; a cross-stick or rimshot follows the snare's head.
    """
    beside = _BESIDE.get(articulation, "")
    anchors = (beside,) if beside in own and beside in donor else ANCHORS
    differences = [_level_db(own[name]) - _level_db(donor[name]) for name in anchors if name in own and name in donor]
    return round(float(np.median(differences)), 1) if differences else 0.0


def _level_db(voice: VoiceModel) -> float:
    return level_db(voice, REFERENCE_VELOCITY)


def lend(own: Mapping[str, VoiceModel], donors: Iterable[Fitted], articulation: str) -> tuple[Fitted, float] | None:
    """Return the first donor that has an articulation, and its gain; None if no donor has it."""
    for donor in donors:
        if articulation in donor.voices:
            return donor, offset_db(own, donor.voices, articulation)
    return None


def recordings(rests_on: Mapping[str, Iterable[str]], kits: Mapping[str, Kit]) -> tuple[Recording, ...]:
    """Return the value of ``measured_on`` of a map.

    :param rests_on: articulation -> names of the recorded kits that it was measured on; those that fall back on another
        articulation are missing.
    :param kits: the recorded kits by name.
    """
    result = []
    for name, kit in kits.items():
        resting = tuple(a for a in ARTICULATIONS if name in rests_on.get(a, ()))
        if resting:
            result.append(
                Recording(
                    kit=name,
                    license=kit.license,
                    attribution=kit.attribution,
                    source_url=kit.map.source_url,
                    articulations=() if len(resting) == len(ARTICULATIONS) else resting,
                )
            )
    return tuple(result)
