"""Change a voice so that its levels rise with velocity.

Modes, phases and noise of a voice each have their own velocity law; modes of a harder stroke may cancel, so that their
sum is softer than that of a softer stroke. A bank would correct this by its gains, with a warning; here the voice is
changed instead.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from scipy.optimize import LinearConstraint, minimize

from stemgmd_tools.fitting.velocity.law import octaves_of
from stemgmd_tools.kits.bank.velocity_curve import UNEVEN_DB
from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.parameters import Modes, RoomModel, VoiceModel
from stemgmd_tools.kits.synthesis.room import Room
from stemgmd_tools.kits.synthesis.takes import power
from stemgmd_tools.kits.synthesis.voice import Synthesiser

_ROUNDS: Final = 4
_ENOUGH_DB: Final = 0.5 * UNEVEN_DB
_TIE: Final = 1e-3
"""Regularisation of changes that no layer determines."""
_STEEPEST_DB_PER_OCTAVE: Final = 16.0
"""Steepest rise that a change may cause: a dip must not be replaced by a step."""


def with_rising_levels(voice: VoiceModel, room: RoomModel | None, kit: str, articulation: str) -> VoiceModel:
    """Return a voice whose levels, as in a bank, fall from layer to layer by at most half of the warning threshold.

    The voice is returned unchanged if this is already so. If its bends do not suffice, the falls are reduced as far as
    possible.

    :param kit: name of the kit, on which the random part of its sounds depends.
    """
    octaves = np.array([octaves_of(velocity) for velocity in voice.layers])
    for _ in range(_ROUNDS if len(_bend_places(voice)) else 0):
        levels_db = layer_levels_db(voice, room, kit, articulation)
        falls = np.maximum.accumulate(levels_db) - levels_db
        if falls.max() <= _ENOUGH_DB:
            break
        for layer in np.flatnonzero(falls > _ENOUGH_DB).tolist():
            voice = _with_bend_at(voice, voice.layers[layer])
        places = _bend_places(voice)
        voice = _bent(voice, places, _least_change(levels_db, octaves, places))
    return voice


def _with_bend_at(voice: VoiceModel, velocity: int) -> VoiceModel:
    """Return an equivalent voice with an additional bend velocity of its modes."""
    return voice.model_copy(update={"body": _divided(voice.body, velocity), "attack": _divided(voice.attack, velocity)})


def _divided(modes: Modes | None, velocity: int) -> Modes | None:
    if modes is None or modes.bends_db is None or velocity in modes.bend_velocities:
        return modes
    velocities = sorted([*modes.bend_velocities, velocity])
    old, new = ([octaves_of(velocity) for velocity in group] for group in (modes.bend_velocities, velocities))
    tables = {
        name: None if table is None else tuple(tuple(np.round(np.interp(new, old, row), 3).tolist()) for row in table)
        for name, table in (("bends_db", modes.bends_db), ("phase_bends_turns", modes.phase_bends_turns))
    }
    return modes.model_copy(update={"bend_velocities": tuple(velocities), **tables})


def _bend_places(voice: VoiceModel) -> Float:
    """Return the bend velocities in octaves: those of the modes, else those of the noise."""
    if voice.body is not None and voice.body.bends_db is not None:
        return np.array([octaves_of(velocity) for velocity in voice.body.bend_velocities])
    return np.array([octaves_of(bend.velocity) for bend in voice.noise.velocity_bends])


def _least_change(levels_db: Float, octaves: Float, places: Float) -> Float:
    """Return the changes at ``places``, in dB, with the least sum of squares over layers that make levels rise."""
    weights = np.stack([np.interp(octaves, places, row) for row in np.eye(len(places))], axis=1)
    rises, steps = np.diff(levels_db), np.diff(weights, axis=0)

    def cost(change: Float) -> float:
        return float(((weights @ change) ** 2).sum() + _TIE * (change**2).sum())

    steepest = np.maximum(_STEEPEST_DB_PER_OCTAVE * np.diff(octaves), rises)
    rising = LinearConstraint(steps, -rises, steepest - rises)
    solution = minimize(cost, np.zeros(len(places)), method="SLSQP", constraints=rising)
    return np.asarray(solution.x)


def layer_levels_db(voice: VoiceModel, room: RoomModel | None, kit: str, articulation: str) -> Float:
    """Return the level of each layer at its widest degree of openness, softest first: mean power of its variations."""
    synthesiser = Synthesiser(voice, Room(room, kit) if room else None, kit, articulation)
    widest = len(synthesiser.degrees) - 1
    powers = [
        np.mean([power(synthesiser.one_shot(layer, widest, variation)) for variation in range(synthesiser.variations)])
        for layer in range(len(synthesiser.velocities))
    ]
    return np.asarray(10.0 * np.log10(np.maximum(powers, 1e-20)))


def _bent(voice: VoiceModel, places: Float, change_db: Float) -> VoiceModel:
    """Return a voice with changes of level at velocities (octaves), linear between them."""
    noise = voice.noise
    bends = []
    for bend in noise.velocity_bends:
        rows = np.round(np.array(bend.change_db.values) + np.interp(octaves_of(bend.velocity), places, change_db), 1)
        table = bend.change_db.model_copy(update={"values": tuple(map(tuple, rows.tolist()))})
        bends.append(bend.model_copy(update={"change_db": table}))
    return voice.model_copy(
        update={
            "noise": noise.model_copy(update={"velocity_bends": tuple(bends)}),
            "body": _bent_modes(voice.body, places, change_db),
            "attack": _bent_modes(voice.attack, places, change_db),
        }
    )


def _bent_modes(modes: Modes | None, places: Float, change_db: Float) -> Modes | None:
    if modes is None or modes.bends_db is None:
        return modes
    octaves = [octaves_of(velocity) for velocity in modes.bend_velocities]
    bends = np.round(np.array(modes.bends_db) + np.interp(octaves, places, change_db), 1)
    return modes.model_copy(update={"bends_db": tuple(map(tuple, bends.tolist()))})
