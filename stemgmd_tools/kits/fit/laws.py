"""How the sound of a stroke follows velocity where a recording does not say: pieces recorded at one velocity alone.

A fit of one layer makes every frequency louder alike. Real strokes grow brighter, so such a voice takes over the law of
its nearest relative in the same kit that was recorded at several velocities, or, without one, a general law.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from stemgmd_tools.kits.fit.families import Family, family_of
from stemgmd_tools.kits.fit.voices import value_at
from stemgmd_tools.kits.model.parameters import BandEnvelope, Modes, Noise, VoiceModel
from stemgmd_tools.kits.schema import KitMap

_BODY_S: Final = 0.04
_ATTACK_S: Final = 0.004

_RELATIVES: Final = {
    "snare_rimshot": ("snare_head",),
    "snare_cross_stick": ("snare_rimshot", "snare_head"),
    "hi_tom_head": ("mid_tom_head", "low_tom_head"),
    "mid_tom_head": ("hi_tom_head", "low_tom_head"),
    "low_tom_head": ("mid_tom_head", "hi_tom_head"),
    "hihat_closed_edge": ("hihat_closed_bow",),
    "hihat_pedal": ("hihat_closed_bow",),
    "hihat_open_edge": ("hihat_open_bow",),
    "ride_edge": ("ride_bow",),
    "ride_bell": ("ride_bow",),
    "crash1_bow": ("crash1_edge",),
    "crash2_edge": ("crash1_edge",),
    "crash2_bow": ("crash2_edge", "crash1_edge"),
}


def _law(*rows: tuple[float, float]) -> BandEnvelope:
    return BandEnvelope(frequencies_hz=(120.0, 700.0, 3000.0, 10000.0), times_s=(_ATTACK_S, 0.1), values=rows)


GENERAL: Final[Mapping[Family, BandEnvelope]] = {
    Family.KICK: _law((7, 6.5), (8, 8.5), (10, 9), (12, 10)),
    Family.SNARE: _law((7, 7), (8, 8), (9.5, 8.5), (10.5, 9.5)),
    Family.CROSS_STICK: _law((6, 6), (6.5, 6.5), (7.5, 7.5), (8, 8)),
    Family.TOM: _law((7, 6.5), (9, 8.5), (11, 10), (13, 11)),
    Family.HIHAT_CLOSED: _law((6, 6), (7, 7), (8.5, 9), (9.5, 10)),
    Family.HIHAT_OPEN: _law((6, 6), (7, 8), (8, 9.5), (8.5, 10)),
    Family.RIDE: _law((6, 6), (7, 7), (7.5, 7.5), (8.5, 8.5)),
    Family.BELL: _law((6, 6.5), (7, 7.5), (8, 9), (9, 10)),
    Family.CRASH: _law((5.5, 6), (6.5, 7), (7.5, 9), (8.5, 11)),
}
"""Decibels per octave of velocity, at the stick and in the ring."""


def with_laws(voices: Mapping[str, VoiceModel], recorded: KitMap) -> dict[str, VoiceModel]:
    """Return all voices of a kit, those of one velocity with a law of their family.

    :param recorded: the map of the recordings they were fitted to.
    """
    single = {name for name in voices if _velocities(recorded, name) == 1}
    done = {}
    for name, voice in voices.items():
        relatives = [one for one in _RELATIVES.get(name, ()) if one in voices and one not in single]
        if name not in single:
            done[name] = voice
        elif relatives:
            done[name] = _following(voice, voices[relatives[0]])
        else:
            done[name] = lawful(voice, GENERAL[family_of(name)])
    return done


def _velocities(recorded: KitMap, name: str) -> int:
    """Return how many velocities an articulation was recorded at; 0 if it has no recordings of its own."""
    return len({layer.velocity for layer in recorded.articulations[name].layers or ()})


def lawful(voice: VoiceModel, slopes: BandEnvelope) -> VoiceModel:
    """Return a voice whose levels follow velocity by a table of slopes, its modes by that of their frequencies."""
    return _with(voice, slopes, (), _ruled(voice.body, slopes, _BODY_S), _ruled(voice.attack, slopes, _ATTACK_S))


def _following(voice: VoiceModel, relative: VoiceModel) -> VoiceModel:
    """Return a voice with the law of another one, which keeps no bends of single modes."""
    slopes = relative.noise.velocity_db_per_octave
    pairs = ((voice.body, relative.body, _BODY_S), (voice.attack, relative.attack, _ATTACK_S))
    body, attack = (_alike(own, other, slopes, time_s) for own, other, time_s in pairs)
    return _with(voice, slopes, relative.noise.velocity_bends, body, attack)


def _alike(own: Modes | None, other: Modes | None, slopes: BandEnvelope, time_s: float) -> Modes | None:
    if own is None or other is None:
        return _ruled(own, slopes, time_s)
    slope = round(float(np.median(other.velocity_db_per_octave)), 1)
    return own.model_copy(
        update={
            "velocity_db_per_octave": (slope,),
            "bend_velocities": (),
            "bends_db": None,
            "t60_velocity_exponent": other.t60_velocity_exponent,
            "frequency_velocity_exponent": other.frequency_velocity_exponent,
        }
    )


def _ruled(modes: Modes | None, slopes: BandEnvelope, time_s: float) -> Modes | None:
    if modes is None:
        return None
    read = value_at(slopes, modes.frequency_hz, (time_s,))[:, 0]
    ruled = {"velocity_db_per_octave": tuple(read.round(1).tolist()), "bend_velocities": (), "bends_db": None}
    return modes.model_copy(update=ruled)


def _with(
    voice: VoiceModel,
    slopes: BandEnvelope,
    bends: tuple[object, ...],
    body: Modes | None,
    attack: Modes | None,
) -> VoiceModel:
    noise: Noise = voice.noise.model_copy(update={"velocity_db_per_octave": slopes, "velocity_bends": bends})
    return voice.model_copy(update={"noise": noise, "body": body, "attack": attack})
