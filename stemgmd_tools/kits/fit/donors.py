"""Pieces a recording lacks, from another recorded kit that is named; and what a kit made of several rests on."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.fit.voices import level_db
from stemgmd_tools.kits.model.parameters import REFERENCE_VELOCITY, VoiceModel
from stemgmd_tools.kits.schema import Recording
from stemgmd_tools.pieces import ARTICULATIONS

if TYPE_CHECKING:
    from stemgmd_tools.kits.fit.fit import Fitted
    from stemgmd_tools.kits.kit import Kit

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
"""Strokes two kits are brought to one level by, those both have."""

_BESIDE: Final = {"snare_cross_stick": "snare_head", "snare_rimshot": "snare_head"}
"""Strokes whose level is bound to one other stroke rather than to the kit."""

_SHARE_ALIKE: Final = ("CC-BY-SA-3.0", "CC-BY-SA-4.0")
_ATTRIBUTION: Final = ("CC-BY-3.0", "CC-BY-4.0")
_FREE: Final = ("CC0-1.0", "MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "Unlicense")
OWN_LICENSE: Final = "Apache-2.0"
"""Licence of a kit that rests on recordings alone that ask for no more than to be named."""


class Lent(NamedTuple):
    """A voice, and the recorded kits its figures were measured on."""

    voice: VoiceModel
    kits: tuple[str, ...]


def offset_db(own: Mapping[str, VoiceModel], donor: Mapping[str, VoiceModel], articulation: str) -> float:
    """Return the gain that brings a donor's stroke to the level it would have in another kit.

    It is the median difference of the strokes both kits have; a cross-stick or rimshot follows the snare's head.
    """
    beside = _BESIDE.get(articulation, "")
    anchors = (beside,) if beside in own and beside in donor else ANCHORS
    differences = [_level_db(own[name]) - _level_db(donor[name]) for name in anchors if name in own and name in donor]
    return round(float(np.median(differences)), 1) if differences else 0.0


def _level_db(voice: VoiceModel) -> float:
    return level_db(voice, REFERENCE_VELOCITY)


def lend(own: Mapping[str, VoiceModel], donors: Iterable[Fitted], articulation: str) -> tuple[Fitted, float] | None:
    """Return the first donor that has an articulation and the gain it is borrowed with; None if there is none."""
    for donor in donors:
        if articulation in donor.voices:
            return donor, offset_db(own, donor.voices, articulation)
    return None


def recordings(rests_on: Mapping[str, Iterable[str]], kits: Mapping[str, Kit]) -> tuple[Recording, ...]:
    """Return what a map says it was measured on.

    :param rests_on: per articulation the names of the recorded kits its figures come from.
    :param kits: the recorded kits by name.
    """
    found = []
    for name, kit in kits.items():
        resting = tuple(a for a in ARTICULATIONS if name in rests_on[a])
        if resting:
            found.append(
                Recording(
                    kit=name,
                    license=kit.license,
                    attribution=kit.attribution,
                    source_url=kit.map.source_url,
                    articulations=() if len(resting) == len(ARTICULATIONS) else resting,
                )
            )
    return tuple(found)


def license_over(licenses: Iterable[str]) -> str:
    """Return the licence of a kit whose figures were measured on recordings under these: the strictest decides.

    Share-alike recordings make it CC-BY-SA-4.0 (which version 3.0 allows for what is made from it), others that ask
    for attribution CC-BY-4.0, those that ask for no more than a notice leave it under this project's own licence.

    :raises KitError: for a licence nothing is known about.
    """
    found = sorted(set(licenses))
    unknown = [one for one in found if one not in (*_SHARE_ALIKE, *_ATTRIBUTION, *_FREE)]
    if unknown:
        known = ", ".join((*_FREE, *_ATTRIBUTION, *_SHARE_ALIKE))
        raise KitError(f"licence {unknown[0]} of a recording: a kit made from it cannot be licensed; known: {known}")
    if any(one in _SHARE_ALIKE for one in found):
        return "CC-BY-SA-4.0"
    return "CC-BY-4.0" if any(one in _ATTRIBUTION for one in found) else OWN_LICENSE


def attribution_over(recordings: Iterable[Recording]) -> str:
    """Return who is to be named for a kit measured on these recordings."""
    named = "; ".join(f"{one.kit}: {one.attribution} ({one.license})" for one in recordings)
    return f"The stemgmd authors; measured on recordings of {named}"
