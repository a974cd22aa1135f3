"""Individual differences between instruments of the same make: random deviations of modes and fine colour."""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.colour import grid_hz
from stemgmd_tools.kits.synthesis.parameters import Colour, VoiceModel
from stemgmd_tools.kits.voices.edits import T60_S, louder
from stemgmd_tools.kits.voices.tables import HIGHEST_HZ, row
from stemgmd_tools.numerics.elementary import exp2, exp10, log, log2, log10
from stemgmd_tools.seeds import standard_normal


class Grain(NamedTuple):
    """Random deviations of one instrument as functions of frequency, shared by all its articulations."""

    points_hz: Float
    """Frequencies of the points, ascending."""
    frequency: Float
    """Normal deviation of modes' frequencies at each point."""
    level: Float
    """Normal deviation of modes' levels."""
    decay: Float
    """Normal deviation of modes' decay times."""
    colour: Float
    """Normal deviation of the fine colour."""

    @classmethod
    def drawn(cls, draw: np.random.Generator) -> Grain:
        """Draw a grain; its points are so dense that neighbouring modes have nearly independent deviations."""
        points = 20.0 * exp2(np.arange(round(10.1 * 48) + 1) / 48)
        return cls(points, *standard_normal(draw, (4, len(points))))

    def at(self, deviations: Float, frequencies_hz: Float) -> Float:
        """Return one of the deviations, interpolated at ``frequencies_hz`` with unit variance."""
        place = np.interp(log(frequencies_hz), log(self.points_hz), np.arange(len(self.points_hz)))
        below = np.minimum(place.astype(np.intp), len(self.points_hz) - 2)
        share = place - below
        mixed = deviations[below] * (1.0 - share) + deviations[below + 1] * share
        return np.asarray(mixed / np.sqrt(share * share + (1.0 - share) * (1.0 - share)))


MODE_FREQUENCY: Final = 0.006
MODE_LEVEL_DB: Final = 1.5
MODE_DECAY_OCTAVES: Final = 0.12
_SAME_OCTAVES: Final = 1.0 / 24


def scattered(voice: VoiceModel, grain: Grain, size: float, fixed_hz: float | None = None) -> VoiceModel:
    """Apply an instrument's deviations to the frequencies, levels and decay times of its modes.

    :param size: 1 for deviations of 0.6 %, 1.5 dB and 0.12 octaves.
    :param fixed_hz: a mode that keeps its frequency and level, so that the instrument stays in tune.
    """
    if size == 0.0 or voice.body is None:
        return voice
    frequencies = np.array(voice.body.frequency_hz)
    free = np.ones(len(frequencies)) if fixed_hz is None else np.abs(log2(frequencies / fixed_hz)) > _SAME_OCTAVES
    change = MODE_FREQUENCY * size * free * grain.at(grain.frequency, frequencies)
    decay = exp2(MODE_DECAY_OCTAVES * size * grain.at(grain.decay, frequencies))
    body = voice.body.model_copy(
        update={
            "frequency_hz": row(np.clip(frequencies * (1.0 + change), 1.0, HIGHEST_HZ)),
            "t60_s": row(np.clip(np.array(voice.body.t60_s) * decay, *T60_S)),
        }
    )
    body = louder(body, MODE_LEVEL_DB * size * free * grain.at(grain.level, frequencies))
    return voice.model_copy(update={"body": body})


def regrained(voice: VoiceModel, grain: Grain, share: float) -> VoiceModel:
    """Replace part of the fine colour by an instrument's own deviations; its depth is kept.

    :param share: part of the curve's variance that is new, 0 to 1.
    """
    colour = voice.noise.colour
    if share == 0.0 or colour is None or colour.gain_db is None:
        return voice
    new = _regrained(colour, np.array(colour.gain_db), grain, share)
    return voice.model_copy(update={"noise": voice.noise.model_copy(update={"colour": new})})


def _regrained(colour: Colour, gain_db: Float, grain: Grain, share: float) -> Colour:
    own = grain.at(grain.colour, grid_hz(colour))
    trend = smooth(gain_db, colour.points_per_octave)
    fine = gain_db - trend
    mixed = np.sqrt(1.0 - share) * fine + np.sqrt(share) * fine.std() * own
    return colour.model_copy(update={"gain_db": row(at_power(trend + mixed, power_db(gain_db)))})


def smooth(gain_db: Float, points_per_octave: int) -> Float:
    """Return a curve's mean over half an octave around each point."""
    width = max(1, points_per_octave // 2) | 1
    padded = np.pad(gain_db, width // 2, mode="edge")
    return np.asarray(np.lib.stride_tricks.sliding_window_view(padded, width).mean(axis=1))


def power_db(gain_db: Float) -> float:
    """Return the mean power of a curve, in decibels."""
    return float(10.0 * log10(float(np.mean(exp10(gain_db / 10.0)))))


def at_power(gain_db: Float, wanted_db: float) -> Float:
    """Return a curve shifted to a mean power of ``wanted_db``."""
    return np.asarray(gain_db + (wanted_db - power_db(gain_db)))
