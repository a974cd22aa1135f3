"""How loud a voice is, and where its pitch lies, from its parameters alone: nothing is synthesised."""

from __future__ import annotations

from typing import Final

import numpy as np

from stemgmd_tools.kits.model.bands import BANDS
from stemgmd_tools.kits.model.modes import ModeBank
from stemgmd_tools.kits.model.noise import noise_shapes
from stemgmd_tools.kits.model.parameters import REFERENCE_VELOCITY, VoiceModel

_LENGTH_S: Final = 0.2
"""The stretch over which a bank measures the level of a one-shot."""
_MOMENTS: Final = 32
_HIGHEST_PITCH_HZ: Final = 400.0
_NEARLY_DB: Final = 8.0


def level_db(voice: VoiceModel) -> float:
    """Return the mean power over the first 200 ms of a stroke of velocity 100, dB re full scale, without the room."""
    edges_s = np.concatenate([[0.0], np.geomspace(2e-4, _LENGTH_S, _MOMENTS)])
    times_s, lengths_s = (edges_s[1:] + edges_s[:-1]) / 2, np.diff(edges_s)
    (shape,) = noise_shapes(voice.noise, (1.0,), np.zeros((BANDS, 1)), 0.0)
    power = shape.energy(REFERENCE_VELOCITY, times_s)
    for modes in (voice.body, voice.attack):
        if modes is not None:
            power = power + ModeBank.from_parameters(modes).energy(REFERENCE_VELOCITY, times_s)
    return float(10.0 * np.log10(power @ lengths_s / _LENGTH_S + 1e-30))


def pitch_hz(voice: VoiceModel) -> float | None:
    """Return the lowest frequency, up to 400 Hz, of a mode that rings with nearly as much energy as any there.

    :return: None if there is no mode so low.
    """
    if voice.body is None:
        return None
    frequencies = np.array(voice.body.frequency_hz)
    energies = np.array(voice.body.level_db) + 10.0 * np.log10(np.array(voice.body.t60_s))
    energies = np.where(frequencies <= _HIGHEST_PITCH_HZ, energies, -np.inf)
    strong = np.isfinite(energies) & (energies >= energies.max() - _NEARLY_DB)
    return float(frequencies[strong].min()) if strong.any() else None
