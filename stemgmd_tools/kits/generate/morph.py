"""Mix two kits."""

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
"""Level of the reflections of a missing room, from which the other one fades in."""
_FARTHEST_SEMITONES: Final = 18.0


def mixed_articulations(
    first: KitMap, second: KitMap, share: float, groups: Collection[str] = tuple(GROUPS)
) -> dict[str, Articulation]:
    """Return mixtures of the articulations of two parents; levels are interpolated in decibels.

    Drums are first tuned to the interpolated pitch, so that their modes match.

    :param share: 0 gives the first kit's articulations, 1 the second's.
    :param groups: groups of instruments to mix.
    """
    apart = {
        instrument: _semitones(first, second, instrument)
        for instrument in INSTRUMENTS
        if GROUP_OF[instrument] in groups
    }
    return {
        name: mixed_articulation(
            first.articulations[name], second.articulations[name], share, apart[INSTRUMENT_OF[name]]
        )
        for name in first.articulations
        if INSTRUMENT_OF[name] in apart
    }


def _semitones(first: KitMap, second: KitMap, instrument: str) -> float:
    """Return the pitch of a drum of the second kit relative to that of the first, in semitones."""
    if instrument not in DRUMS:
        return 0.0
    low, high = (pitch_hz(voice_of(kit.articulations[MAIN[instrument]])) for kit in (first, second))
    if low is None or high is None:
        return 0.0
    semitones = 12.0 * log2(high / low)
    return float(np.clip(semitones, -_FARTHEST_SEMITONES, _FARTHEST_SEMITONES))


def mixed_articulation(first: Articulation, second: Articulation, share: float, semitones: float) -> Articulation:
    """Return the mixture of two articulations whose pitches differ by ``semitones``."""
    if share in (0.0, 1.0):
        return second if share else first
    voices = voice_of(first), voice_of(second)
    voice = mixed_voice(
        retuned(voices[0], Shift(share * semitones, *HEAD_HZ)),
        retuned(voices[1], Shift((share - 1.0) * semitones, *HEAD_HZ)),
        share,
    )
    levels = [level_db(own) + side.gain_db for own, side in zip(voices, (first, second), strict=True)]
    near = second if share > 0.5 else first
    straight = first.dynamics_db is not None and second.dynamics_db is not None
    return near.model_copy(
        update={
            "model": voice,
            "gain_db": float(np.clip(between(levels[0], levels[1], share) - level_db(voice), -60.0, 60.0)),
            "pan": between(first.pan, second.pan, share),
            "release_s": log_between(first.release_s, second.release_s, share),
            "dynamics_db": between(first.dynamics_db, second.dynamics_db, share) if straight else near.dynamics_db,  # type: ignore[arg-type]
        }
    )


def mixed_room(first: RoomModel | None, second: RoomModel | None, share: float) -> RoomModel | None:
    """Return the mixture of two rooms; a missing room lets the other one fade."""
    if share in (0.0, 1.0) or (first is None and second is None):
        return second if share else first
    quiet = {"early_db": NO_ROOM_DB, "late_db": NO_ROOM_DB}
    first_room = first or (second and second.model_copy(update=quiet))
    second_room = second or (first and first.model_copy(update=quiet))
    pairs = {name: (getattr(first_room, name), getattr(second_room, name)) for name in RoomModel.model_fields}
    logarithmic = ("decay_s", "bass_ratio", "treble_ratio")
    mixed = {
        name: log_between(pair[0], pair[1], share) if name in logarithmic else between(pair[0], pair[1], share)
        for name, pair in pairs.items()
    }
    return RoomModel(**{**mixed, "reflections": round(mixed["reflections"])})
