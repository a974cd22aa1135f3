"""A kit between two kits."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final

import numpy as np

from stemgmd_tools.kits.generate.instruments import DRUMS, GROUP_OF, GROUPS, INSTRUMENT_OF, INSTRUMENTS, MAIN
from stemgmd_tools.kits.generate.morph_voice import mixed_voice
from stemgmd_tools.kits.generate.parents import voice_of
from stemgmd_tools.kits.generate.scales import between, log_between
from stemgmd_tools.kits.sample_map.schema import Articulation, KitMap
from stemgmd_tools.kits.synthesis.parameters import RoomModel
from stemgmd_tools.kits.voices.edits import HEAD_HZ, retuned
from stemgmd_tools.kits.voices.loudness import level_db, pitch_hz
from stemgmd_tools.kits.voices.tables import Shift
from stemgmd_tools.numerics.elementary import log2

NO_ROOM_DB: Final = -60.0
"""Level of the reflections of a room that is not there, so that one can fade in."""
_FARTHEST_SEMITONES: Final = 18.0


def mixed_articulations(
    one: KitMap, other: KitMap, share: float, groups: Collection[str] = tuple(GROUPS)
) -> dict[str, Articulation]:
    """Return the articulations between those of two parents; levels lie between theirs, in decibels.

    Drums of different pitch are brought to the pitch between them first, so that their modes meet.

    :param share: 0 gives the first kit's, 1 the second's.
    :param groups: the groups of instruments that are asked for.
    """
    apart = {
        instrument: _semitones(one, other, instrument) for instrument in INSTRUMENTS if GROUP_OF[instrument] in groups
    }
    return {
        name: mixed_articulation(one.articulations[name], other.articulations[name], share, apart[INSTRUMENT_OF[name]])
        for name in one.articulations
        if INSTRUMENT_OF[name] in apart
    }


def _semitones(one: KitMap, other: KitMap, instrument: str) -> float:
    """Return how far a drum of the other kit is tuned above that of the first."""
    if instrument not in DRUMS:
        return 0.0
    low, high = (pitch_hz(voice_of(kit.articulations[MAIN[instrument]])) for kit in (one, other))
    if low is None or high is None:
        return 0.0
    semitones = 12.0 * log2(high / low)
    return float(np.clip(semitones, -_FARTHEST_SEMITONES, _FARTHEST_SEMITONES))


def mixed_articulation(one: Articulation, other: Articulation, share: float, semitones: float) -> Articulation:
    """Return the articulation between two whose pitches lie ``semitones`` apart."""
    if share in (0.0, 1.0):
        return other if share else one
    voices = voice_of(one), voice_of(other)
    voice = mixed_voice(
        retuned(voices[0], Shift(share * semitones, *HEAD_HZ)),
        retuned(voices[1], Shift((share - 1.0) * semitones, *HEAD_HZ)),
        share,
    )
    levels = [level_db(own) + side.gain_db for own, side in zip(voices, (one, other), strict=True)]
    near = other if share > 0.5 else one
    straight = one.dynamics_db is not None and other.dynamics_db is not None
    return near.model_copy(
        update={
            "model": voice,
            "gain_db": float(np.clip(between(levels[0], levels[1], share) - level_db(voice), -60.0, 60.0)),
            "pan": between(one.pan, other.pan, share),
            "release_s": log_between(one.release_s, other.release_s, share),
            "dynamics_db": between(one.dynamics_db, other.dynamics_db, share) if straight else near.dynamics_db,  # type: ignore[arg-type]
        }
    )


def mixed_room(one: RoomModel | None, other: RoomModel | None, share: float) -> RoomModel | None:
    """Return the room between two; where one is missing, the other fades."""
    if share in (0.0, 1.0) or (one is None and other is None):
        return other if share else one
    quiet = {"early_db": NO_ROOM_DB, "late_db": NO_ROOM_DB}
    first = one or (other and other.model_copy(update=quiet))
    second = other or (one and one.model_copy(update=quiet))
    pairs = {name: (getattr(first, name), getattr(second, name)) for name in RoomModel.model_fields}
    logarithmic = ("decay_s", "bass_ratio", "treble_ratio")
    mixed = {
        name: log_between(pair[0], pair[1], share) if name in logarithmic else between(pair[0], pair[1], share)
        for name, pair in pairs.items()
    }
    return RoomModel(**{**mixed, "reflections": round(mixed["reflections"])})
