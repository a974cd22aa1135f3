"""How loud a voice is, and where its pitch lies, from its parameters alone: nothing is synthesised."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np

from stemgmd_tools.kits.model.bands import BANDS, rows_in_bands
from stemgmd_tools.kits.model.modes import ModeBank
from stemgmd_tools.kits.model.parameters import REFERENCE_VELOCITY, VoiceModel
from stemgmd_tools.kits.model.shapes import NoiseShape, level_changes, noise_shapes

_LENGTH_S: Final = 0.2
"""The stretch over which a bank measures the level of a one-shot."""
_EDGES_S: Final = np.concatenate([[0.0], np.geomspace(2e-4, _LENGTH_S, 32)])
_TIMES_S: Final = (_EDGES_S[1:] + _EDGES_S[:-1]) / 2
_LENGTHS_S: Final = np.diff(_EDGES_S)
_KEPT: Final = 320
"""Levels kept in memory: those of the voices of a dozen parents."""
_HIGHEST_PITCH_HZ: Final = 400.0
_NEARLY_DB: Final = 8.0


@lru_cache(maxsize=_KEPT)
def level_db(voice: VoiceModel) -> float:
    """Return the mean power over the first 200 ms of a stroke of velocity 100, dB re full scale, without the room.

    Of a hi-hat, the mean over its degrees of openness.
    """
    ringing = np.zeros(len(_TIMES_S))
    for modes in (voice.body, voice.attack):
        if modes is not None:
            ringing = ringing + ModeBank.from_parameters(modes).energy(REFERENCE_VELOCITY, _TIMES_S)
    powers = [shape.energy(REFERENCE_VELOCITY, _TIMES_S) + ringing for shape in _shapes(voice)]
    return float(np.mean([10.0 * np.log10(power @ _LENGTHS_S / _LENGTH_S + 1e-30) for power in powers]))


def _shapes(voice: VoiceModel) -> tuple[NoiseShape, ...]:
    """Return the noise's envelopes, one per degree of openness."""
    openness = voice.openness
    if openness is None:
        return noise_shapes(voice.noise, (1.0,), np.zeros((BANDS, 1)), 0.0)
    added_db = np.zeros((BANDS, len(openness.degrees)))
    if openness.level_db is not None:
        added_db += rows_in_bands(openness.frequencies_hz, openness.level_db)
    return noise_shapes(voice.noise, openness.stretch, added_db, openness.stick_s, level_changes(openness))


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
