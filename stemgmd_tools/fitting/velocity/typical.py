"""Supply velocity laws where recordings do not determine them.

A fit of one layer changes all frequencies equally with velocity. Real strokes become brighter, so such a voice gets the
law of a related articulation of the same kit that was recorded at several velocities, or else a general law. Below the
softest layer, the fitted law may be far too steep or even rise; there levels change by 6 to 12 dB per octave of
velocity, like those of recorded kits (:mod:`stemgmd_tools.kits.bank.velocity_curve`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from stemgmd_tools.fitting.recordings.families import Family, family_of
from stemgmd_tools.kits.bank.velocity_curve import LINEAR_LAW_DB, SQUARE_LAW_DB
from stemgmd_tools.kits.sample_map.schema import KitMap
from stemgmd_tools.kits.synthesis.bands import Float, knot_weights
from stemgmd_tools.kits.synthesis.parameters import (
    REFERENCE_VELOCITY,
    BandEnvelope,
    Modes,
    Noise,
    VelocityBend,
    VoiceModel,
)
from stemgmd_tools.kits.voices.arithmetic import value_at
from stemgmd_tools.kits.voices.sums import moved_turns

_SOFTEST: Final = 6
"""Lowest velocity of the law below the recorded velocities; softer strokes are rare."""
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
"""Decibels per octave of velocity, at the attack and in the decay."""


def with_laws(voices: Mapping[str, VoiceModel], recorded: KitMap) -> dict[str, VoiceModel]:
    """Return all voices of a kit; those recorded at one velocity get the law of a relative or of their family.

    :param recorded: the map of the recordings that they were fitted to.
    """
    single = {name for name in voices if _velocities(recorded, name) == 1}
    done = {}
    for name, voice in voices.items():
        relatives = [relative for relative in _RELATIVES.get(name, ()) if relative in voices and relative not in single]
        if name not in single:
            done[name] = voice
        elif relatives:
            done[name] = _following(voice, voices[relatives[0]])
        else:
            done[name] = lawful(voice, GENERAL[family_of(name)])
    return done


def with_soft_ends(voices: Mapping[str, VoiceModel], recorded: KitMap) -> dict[str, VoiceModel]:
    """Return all voices of a kit, with a plausible law below the softest recorded velocity of each."""
    done = {}
    for name, voice in voices.items():
        layers = recorded.articulations[name].layers or ()
        references = [layer.reference or layer.velocity[1] for layer in layers]
        softest = min(references, default=_SOFTEST)
        done[name] = _soft_end(voice, softest) if softest > _SOFTEST and len(set(references)) > 1 else voice
    return done


def _soft_end(voice: VoiceModel, softest: int) -> VoiceModel:
    """Return a voice whose levels fall by 6 to 12 dB per octave of velocity below ``softest``."""
    noise = voice.noise
    slopes = noise.velocity_db_per_octave
    grid = noise.velocity_bends[0].change_db if noise.velocity_bends else slopes
    steep = value_at(slopes, grid.frequencies_hz, grid.times_s)
    octaves = [float(np.log2(bend.velocity / REFERENCE_VELOCITY)) for bend in noise.velocity_bends]
    tables = np.array([bend.change_db.values for bend in noise.velocity_bends]).reshape(-1, *steep.shape)
    rows = {velocity: table.round(1) for velocity, table in _bent(softest, steep, np.array(octaves), tables).items()}
    louder_bends = [bend for bend in noise.velocity_bends if bend.velocity > softest]
    added = [
        VelocityBend(velocity=velocity, change_db=grid.model_copy(update={"values": _rows(table)}))
        for velocity, table in rows.items()
    ]
    update = {"noise": noise.model_copy(update={"velocity_bends": (*added, *louder_bends)})}
    return voice.model_copy(
        update={**update, "body": _soft_modes(voice.body, softest), "attack": _soft_modes(voice.attack, softest)}
    )


def _soft_modes(modes: Modes | None, softest: int) -> Modes | None:
    if modes is None:
        return None
    count = len(modes.frequency_hz)
    steep = np.broadcast_to(np.array(modes.velocity_db_per_octave, dtype=np.float64), (count,))
    octaves = np.log2(np.array(modes.bend_velocities, dtype=np.float64) / REFERENCE_VELOCITY)
    tables = np.array(modes.bends_db if modes.bends_db is not None else ((),) * count).reshape(count, -1).T
    bent = _bent(softest, steep, octaves, tables)
    louder_columns = [column for column, velocity in enumerate(modes.bend_velocities) if velocity > softest]
    columns = np.column_stack([*bent.values(), *(tables[column] for column in louder_columns)])
    velocities = (*bent, *(modes.bend_velocities[column] for column in louder_columns))
    return modes.model_copy(
        update={
            "bend_velocities": velocities,
            "bends_db": _rows(columns.round(1)),
            "phase_bends_turns": moved_turns(modes, velocities),
        }
    )


def _bent(softest: int, steep: Float, octaves: Float, tables: Float) -> dict[int, Float]:
    """Return the bends at the softest recorded velocity and far below it.

    :param steep: slopes.
    :param octaves: (B,) velocities of the existing bends, octaves above the reference.
    :param tables: (B, ...) those bends, each of the shape of ``steep``.
    """
    at = float(np.log2(softest / REFERENCE_VELOCITY))
    here: Float = np.zeros(steep.shape)
    if len(octaves):
        weights = knot_weights(octaves, np.array([at]), extend=False)[:, 0]
        here = np.asarray(np.tensordot(weights, tables, axes=1))
    excess = steep - np.clip(steep, LINEAR_LAW_DB, SQUARE_LAW_DB)
    return {_SOFTEST: here + excess * np.log2(softest / _SOFTEST), softest: here}


def _rows(table: Float) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(row) for row in (table + 0.0).tolist())


def _velocities(recorded: KitMap, name: str) -> int:
    """Return the number of recorded velocities of an articulation; 0 without its own recordings."""
    return len({layer.velocity for layer in recorded.articulations[name].layers or ()})


def lawful(voice: VoiceModel, slopes: BandEnvelope) -> VoiceModel:
    """Return a voice with velocity slopes from a table, which is interpolated at the frequencies of its modes."""
    return _with(voice, slopes, (), _ruled(voice.body, slopes, _BODY_S), _ruled(voice.attack, slopes, _ATTACK_S))


def _following(voice: VoiceModel, relative: VoiceModel) -> VoiceModel:
    """Return a voice with the velocity slopes of a relative, without its bends."""
    slopes = relative.noise.velocity_db_per_octave
    pairs = ((voice.body, relative.body, _BODY_S), (voice.attack, relative.attack, _ATTACK_S))
    body, attack = (_alike(own, theirs, slopes, time_s) for own, theirs, time_s in pairs)
    return _with(voice, slopes, (), body, attack)


def _alike(own: Modes | None, relative: Modes | None, slopes: BandEnvelope, time_s: float) -> Modes | None:
    if own is None or relative is None:
        return _ruled(own, slopes, time_s)
    slope = round(float(np.median(relative.velocity_db_per_octave)), 1)
    return own.model_copy(
        update={
            "velocity_db_per_octave": (slope,),
            "bend_velocities": (),
            "bends_db": None,
            "phase_bends_turns": None,
            "t60_velocity_exponent": relative.t60_velocity_exponent,
            "frequency_velocity_exponent": relative.frequency_velocity_exponent,
        }
    )


def _ruled(modes: Modes | None, slopes: BandEnvelope, time_s: float) -> Modes | None:
    if modes is None:
        return None
    read = value_at(slopes, modes.frequency_hz, (time_s,))[:, 0]
    ruled = {"velocity_db_per_octave": tuple(read.round(1).tolist()), "bend_velocities": (), "bends_db": None}
    return modes.model_copy(update={**ruled, "phase_bends_turns": None})


def _with(
    voice: VoiceModel,
    slopes: BandEnvelope,
    bends: tuple[object, ...],
    body: Modes | None,
    attack: Modes | None,
) -> VoiceModel:
    noise: Noise = voice.noise.model_copy(update={"velocity_db_per_octave": slopes, "velocity_bends": bends})
    return voice.model_copy(update={"noise": noise, "body": body, "attack": attack})
