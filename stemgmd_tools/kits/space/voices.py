"""What can be done to one voice: retune, damp, tilt, lift a region, widen, scatter. Each is a pure function.

The velocity law stays: slopes and bends keep their frequencies and only follow where their time goes.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.model.bands import Float
from stemgmd_tools.kits.model.colour import grid_hz
from stemgmd_tools.kits.model.parameters import Colour, Glide, Modes, Noise, Stereo, VoiceModel
from stemgmd_tools.kits.space.tables import (
    HIGHEST_HZ,
    Shift,
    moved,
    moved_colour,
    raised,
    rise,
    row,
    stretched,
    stretched_times,
)

HEAD_HZ: Final = (500.0, 2500.0)
"""What rings below the first belongs to a drum's head; what sounds above the second does not follow its tuning."""
TENSION_GLIDE: Final = -2.0
"""Exponent of a glide's depth over pitch: the tension that a stroke adds counts less on a tighter head, and pitch goes
with the root of tension."""
TENSION_DECAY: Final = -0.3
SIZE_DECAY: Final = -1.0
"""Exponents of decay over pitch: a smaller shell of the same build rings as many periods."""
_DEPTHS: Final = (-0.3, 1.5)
_T60_S: Final = (1e-4, 60.0)
_FADE_OCTAVES: Final = 0.5
_TILT_LIMIT_DB: Final = 12.0
_TILT_PIVOT_HZ: Final = 1000.0
_DULL_DAMPING: Final = 0.5
_LEAST_LEVEL_DB: Final = -199.0
_MOST_LEVEL_DB: Final = 39.0


class Region(NamedTuple):
    """A part of a sound: from one frequency to another, with skirts of half an octave, during some time."""

    low_hz: float
    high_hz: float
    start_s: float = 0.0
    end_s: float = np.inf

    def over_frequency(self, frequencies_hz: Float) -> Float:
        """Return how far each frequency belongs to it, 0 to 1."""
        skirt = 2.0**_FADE_OCTAVES
        inside = rise(frequencies_hz, self.low_hz / skirt, self.low_hz)
        return np.asarray(inside * (1.0 - rise(frequencies_hz, self.high_hz, self.high_hz * skirt)))

    def over_time(self, times_s: Float) -> Float:
        """Return how far each moment belongs to it, 0 to 1."""
        inside = rise(times_s, self.start_s / 2, self.start_s) if self.start_s > 0 else np.ones(len(times_s))
        return inside if np.isinf(self.end_s) else inside * (1.0 - rise(times_s, self.end_s, 2 * self.end_s))


def retuned(voice: VoiceModel, shift: Shift, glide_exponent: float = 0.0, decay_exponent: float = 0.0) -> VoiceModel:
    """Move modes, bands and fine colour along the frequency axis.

    :param glide_exponent: depth of the glide is proportional to the ratio of frequencies to this power.
    :param decay_exponent: so are the decay times of the modes.
    """
    if shift.semitones == 0.0:
        return voice
    noise = voice.noise.model_copy(update={"level_db": moved(voice.noise.level_db, shift)})
    if noise.colour is not None:
        noise = noise.model_copy(update={"colour": moved_colour(noise.colour, shift)})
    return voice.model_copy(
        update={
            "noise": noise,
            "body": voice.body and _moved_modes(voice.body, shift, decay_exponent),
            "attack": voice.attack and _moved_modes(voice.attack, shift, 0.0),
            "glide": voice.glide and _deepened(voice.glide, 2.0 ** (shift.semitones / 12.0 * glide_exponent)),
        }
    )


def _moved_modes(modes: Modes, shift: Shift, decay_exponent: float) -> Modes:
    frequencies = np.array(modes.frequency_hz)
    ratios = shift.of(frequencies) / frequencies
    return modes.model_copy(
        update={
            "frequency_hz": row(np.minimum(frequencies * ratios, HIGHEST_HZ)),
            "t60_s": row(np.clip(np.array(modes.t60_s) * ratios**decay_exponent, *_T60_S)),
        }
    )


def _deepened(glide: Glide, factor: float) -> Glide:
    return glide.model_copy(update={"depth": row(np.clip(np.array(glide.depth) * factor, *_DEPTHS))})


def damped(voice: VoiceModel, factor: float, hold_s: float, *, head: bool = False) -> VoiceModel:
    """Make a voice ring longer or shorter.

    :param factor: on decay times; below 1 is damping.
    :param hold_s: the stroke's own time, which damping leaves alone.
    :param head: whether it is a drum's head: damping then acts less on what sounds above it.
    """
    if factor == 1.0:
        return voice
    frequencies = np.array(voice.noise.level_db.frequencies_hz)
    share = 1.0 - _DULL_DAMPING * rise(frequencies, *HEAD_HZ) if head else np.ones(len(frequencies))
    return voice.model_copy(
        update={
            "noise": stretched_noise(voice.noise, factor**share, hold_s),
            "body": voice.body and voice.body.model_copy(update={"t60_s": _longer(voice.body, factor)}),
            "duration_s": min(30.0, voice.duration_s * max(1.0, factor)),
        }
    )


def _longer(modes: Modes, factor: float) -> tuple[float, ...]:
    return row(np.clip(np.array(modes.t60_s) * factor, *_T60_S))


def stretched_noise(noise: Noise, factors: Float, hold_s: float) -> Noise:
    """Make each row of a noise's level last longer or shorter; the velocity law follows in time.

    :param factors: one for each row of the level.
    """
    mean = float(np.exp(np.log(factors).mean()))
    slope = noise.velocity_db_per_octave
    bends = tuple(
        bend.model_copy(update={"change_db": bend.change_db.model_copy(update=_times(bend.change_db, mean, hold_s))})
        for bend in noise.velocity_bends
    )
    return noise.model_copy(
        update={
            "level_db": stretched(noise.level_db, factors, hold_s),
            "velocity_db_per_octave": slope.model_copy(update=_times(slope, mean, hold_s)),
            "velocity_bends": bends,
        }
    )


def _times(level: object, factor: float, hold_s: float) -> dict[str, tuple[float, ...]]:
    return {"times_s": row(stretched_times(level.times_s, factor, hold_s))}  # type: ignore[attr-defined]


def tilted(voice: VoiceModel, db_per_octave: float, pivot_hz: float = _TILT_PIVOT_HZ, start: float = 0.0) -> VoiceModel:
    """Make a voice brighter or duller around ``pivot_hz``.

    :param start: frequency below which nothing changes; 0: none.
    """
    if db_per_octave == 0.0:
        return voice

    def change(frequencies: Float) -> Float:
        octaves = np.log2(np.maximum(frequencies, start or 1.0) / pivot_hz)
        return np.clip(db_per_octave * octaves, -_TILT_LIMIT_DB, _TILT_LIMIT_DB)

    level = voice.noise.level_db
    noise = voice.noise.model_copy(update={"level_db": raised(level, change(np.array(level.frequencies_hz)))})
    parts = {
        name: modes and louder(modes, change(np.array(modes.frequency_hz)))
        for name, modes in (("body", voice.body), ("attack", voice.attack))
    }
    return voice.model_copy(update={"noise": noise, **parts})


def louder(modes: Modes, change_db: Float | float) -> Modes:
    """Return modes of other levels."""
    level = np.clip(np.array(modes.level_db) + change_db, _LEAST_LEVEL_DB, _MOST_LEVEL_DB)
    return modes.model_copy(update={"level_db": row(level)})


def lifted(voice: VoiceModel, change_db: float, region: Region, *, attack: bool = False) -> VoiceModel:
    """Raise or lower a region of a voice's noise.

    :param attack: whether its fast modes within the region's frequencies follow.
    """
    if change_db == 0.0:
        return voice
    level = voice.noise.level_db
    weights = np.outer(region.over_frequency(np.array(level.frequencies_hz)), region.over_time(np.array(level.times_s)))
    update: dict[str, object] = {
        "noise": voice.noise.model_copy(update={"level_db": raised(level, change_db * weights)})
    }
    if attack and voice.attack is not None:
        share = region.over_frequency(np.array(voice.attack.frequency_hz))
        update["attack"] = louder(voice.attack, change_db * share)
    return voice.model_copy(update=update)


def buzzing(voice: VoiceModel, factor: float, low_hz: float, hold_s: float) -> VoiceModel:
    """Make the noise above a frequency last longer or shorter, as wires that are slack or tight."""
    if factor == 1.0:
        return voice
    share = rise(np.array(voice.noise.level_db.frequencies_hz), low_hz / 2.0**_FADE_OCTAVES, low_hz)
    return voice.model_copy(update={"noise": stretched_noise(voice.noise, factor**share, hold_s)})


def widened(voice: VoiceModel, factor: float) -> VoiceModel:
    """Spread a voice over the channels, or draw it together; what is mono stays so."""
    if factor == 1.0:
        return voice
    stereo = voice.noise.stereo
    update: dict[str, object] = {}
    if stereo is not None:
        update["noise"] = voice.noise.model_copy(update={"stereo": _wider_stereo(stereo, factor)})
    for name, modes in (("body", voice.body), ("attack", voice.attack)):
        if modes is not None and modes.left_minus_right_db is not None:
            wider = np.clip(np.array(modes.left_minus_right_db) * factor, -40.0, 40.0)
            update[name] = modes.model_copy(update={"left_minus_right_db": row(wider)})
    return voice.model_copy(update=update)


def _wider_stereo(stereo: Stereo, factor: float) -> Stereo:
    difference = np.clip(np.array(stereo.left_minus_right_db) * factor, -40.0, 40.0)
    coherence = np.array(stereo.coherence)
    least = np.minimum(coherence, 0.0)  # wider than uncorrelated is what was so before
    coherence = np.clip(1.0 - (1.0 - coherence) * factor, least, 1.0)
    return stereo.model_copy(update={"left_minus_right_db": row(difference), "coherence": row(coherence)})


class Grain(NamedTuple):
    """Chance of one instrument: what tells it from another of the same make. Functions of frequency, so that all
    articulations of an instrument share it.
    """

    points_hz: Float
    """Ascending."""
    frequency: Float
    """Normal deviation at each point, for the frequencies of modes."""
    level: Float
    """... for their levels."""
    decay: Float
    """... for their decay times."""
    colour: Float
    """... for the fine colour."""

    @classmethod
    def drawn(cls, draw: np.random.Generator) -> Grain:
        """Draw one; its points are dense enough that neighbouring modes hardly share a deviation."""
        points = 20.0 * 2.0 ** (np.arange(round(10.1 * 48) + 1) / 48)
        return cls(points, *draw.standard_normal((4, len(points))))

    def at(self, deviations: Float, frequencies_hz: Float) -> Float:
        """Return one of the deviations at some frequencies, still of unit variance."""
        place = np.interp(np.log(frequencies_hz), np.log(self.points_hz), np.arange(len(self.points_hz)))
        below = np.minimum(place.astype(np.intp), len(self.points_hz) - 2)
        share = place - below
        mixed = deviations[below] * (1.0 - share) + deviations[below + 1] * share
        return np.asarray(mixed / np.hypot(share, 1.0 - share))


MODE_FREQUENCY: Final = 0.006
MODE_LEVEL_DB: Final = 1.5
MODE_DECAY_OCTAVES: Final = 0.12


def scattered(voice: VoiceModel, grain: Grain, size: float, keep_hz: float | None = None) -> VoiceModel:
    """Give the modes of an instrument frequencies, levels and decays of their own.

    :param size: 1 for deviations of 0.6 %, 1.5 dB and 0.12 octaves.
    :param keep_hz: a mode that keeps its frequency, so that the instrument stays in tune.
    """
    if size == 0.0 or voice.body is None:
        return voice
    frequencies = np.array(voice.body.frequency_hz)
    change = MODE_FREQUENCY * size * grain.at(grain.frequency, frequencies)
    if keep_hz is not None:
        change[np.abs(np.log2(frequencies / keep_hz)) < 1.0 / 24] = 0.0
    decay = 2.0 ** (MODE_DECAY_OCTAVES * size * grain.at(grain.decay, frequencies))
    body = voice.body.model_copy(
        update={
            "frequency_hz": row(np.clip(frequencies * (1.0 + change), 1.0, HIGHEST_HZ)),
            "t60_s": row(np.clip(np.array(voice.body.t60_s) * decay, *_T60_S)),
        }
    )
    body = louder(body, MODE_LEVEL_DB * size * grain.at(grain.level, frequencies))
    return voice.model_copy(update={"body": body})


def regrained(voice: VoiceModel, grain: Grain, share: float) -> VoiceModel:
    """Replace part of the fine colour by an instrument's own; its depth stays.

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
    return np.asarray(np.convolve(padded, np.full(width, 1.0 / width), mode="valid"))


def power_db(gain_db: Float) -> float:
    """Return the mean power of a curve, in decibels."""
    return float(10.0 * np.log10(np.mean(10.0 ** (gain_db / 10.0))))


def at_power(gain_db: Float, wanted_db: float) -> Float:
    """Return a curve moved so that it has a mean power."""
    return np.asarray(gain_db + (wanted_db - power_db(gain_db)))
