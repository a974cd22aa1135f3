"""Edit a voice with pure functions: retune, damp, tilt, lift a region, widen.

The velocity law is kept: slopes and bends keep their frequencies and are only stretched in time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.kits.synthesis.bands import Float
from stemgmd_tools.kits.synthesis.parameters import (
    BandEnvelope,
    Glide,
    Modes,
    Noise,
    Openness,
    OpennessChange,
    Stereo,
    VoiceModel,
)
from stemgmd_tools.kits.voices.tables import HIGHEST_HZ, Shift, moved, moved_colour, raised, rise, row, stretched
from stemgmd_tools.numerics.elementary import exp, exp2, log, log2, power

HEAD_HZ: Final = (500.0, 2500.0)
"""Sounds below the first frequency follow the tuning of a drum's head; sounds above the second do not."""
TENSION_GLIDE: Final = -2.0
"""Exponent of a glide's depth over pitch: the tension added by a stroke matters less on a tighter head, and pitch is
proportional to the square root of tension."""
TENSION_DECAY: Final = -0.3
SIZE_DECAY: Final = -1.0
"""Exponents of decay over pitch: a smaller shell of the same build rings for the same number of periods."""
_DEPTHS: Final = (-0.3, 1.5)
T60_S: Final = (1e-4, 60.0)
"""Shortest and longest decay of a mode."""
_FADE_OCTAVES: Final = 0.5
_TILT_LIMIT_DB: Final = 12.0
_TILT_PIVOT_HZ: Final = 1000.0
_DULL_DAMPING: Final = 0.5
_LEAST_LEVEL_DB: Final = -199.0
_MOST_LEVEL_DB: Final = 39.0


class Region(NamedTuple):
    """A region of frequency, with skirts of half an octave, and of time."""

    low_hz: float
    high_hz: float
    start_s: float = 0.0
    end_s: float = np.inf

    def over_frequency(self, frequencies_hz: Float) -> Float:
        """Return the weight of each frequency in the region, 0 to 1."""
        skirt = exp2(_FADE_OCTAVES)
        inside = rise(frequencies_hz, self.low_hz / skirt, self.low_hz)
        return np.asarray(inside * (1.0 - rise(frequencies_hz, self.high_hz, self.high_hz * skirt)))

    def over_time(self, times_s: Float) -> Float:
        """Return the weight of each time in the region, 0 to 1."""
        inside = rise(times_s, self.start_s / 2, self.start_s) if self.start_s > 0 else np.ones(len(times_s))
        return inside if np.isinf(self.end_s) else inside * (1.0 - rise(times_s, self.end_s, 2 * self.end_s))


def retuned(voice: VoiceModel, shift: Shift, glide_exponent: float = 0.0, decay_exponent: float = 0.0) -> VoiceModel:
    """Move modes, bands and fine colour along the frequency axis.

    :param glide_exponent: the glide's depth is multiplied by the ratio of frequencies to this power.
    :param decay_exponent: the modes' decay times are multiplied by the ratio of frequencies to this power.
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
            "openness": voice.openness and _moved_openness(voice.openness, shift),
            "glide": voice.glide and _deepened(voice.glide, exp2(shift.semitones / 12.0 * glide_exponent)),
        }
    )


def _moved_modes(modes: Modes, shift: Shift, decay_exponent: float) -> Modes:
    frequencies = np.array(modes.frequency_hz)
    ratios = shift.of(frequencies) / frequencies
    return modes.model_copy(
        update={
            "frequency_hz": row(np.minimum(frequencies * ratios, HIGHEST_HZ)),
            "t60_s": row(np.clip(np.array(modes.t60_s) * power(ratios, decay_exponent), *T60_S)),
        }
    )


def _moved_openness(openness: Openness, shift: Shift) -> Openness:
    """Return an openness whose tables lie at other frequencies."""
    frequencies = shift.of(openness.frequencies_hz)
    rows = max(1, int((frequencies <= HIGHEST_HZ).sum()))
    changes = openness.changes and tuple(
        with_tables(change, lambda table: moved(table, shift)) for change in openness.changes
    )
    return openness.model_copy(
        update={
            "frequencies_hz": row(np.minimum(frequencies[:rows], HIGHEST_HZ)),
            "level_db": openness.level_db and openness.level_db[:rows],
            "changes": changes,
        }
    )


def with_tables(change: OpennessChange, changed: Callable[[BandEnvelope], BandEnvelope]) -> OpennessChange:
    """Return an openness change with the same function applied to both its tables, which share a grid."""
    slope = change.velocity_db_per_octave
    return change.model_copy(
        update={"change_db": changed(change.change_db), "velocity_db_per_octave": slope and changed(slope)}
    )


def _deepened(glide: Glide, factor: float) -> Glide:
    return glide.model_copy(update={"depth": row(np.clip(np.array(glide.depth) * factor, *_DEPTHS))})


def damped(voice: VoiceModel, factor: float, hold_s: float, *, head: bool = False) -> VoiceModel:
    """Make a voice ring longer or shorter.

    :param factor: factor on decay times; below 1 is damping.
    :param hold_s: duration of the attack, which is not stretched.
    :param head: whether the voice is a drum's: damping then affects frequencies above the head's range less.
    """
    if factor == 1.0:
        return voice
    frequencies = np.array(voice.noise.level_db.frequencies_hz)
    share = 1.0 - _DULL_DAMPING * rise(frequencies, *HEAD_HZ) if head else np.ones(len(frequencies))
    return voice.model_copy(
        update={
            "noise": stretched_noise(voice.noise, power(factor, share), hold_s),
            "body": voice.body and voice.body.model_copy(update={"t60_s": _longer(voice.body, factor)}),
            "openness": voice.openness and _stretched_openness(voice.openness, factor, hold_s),
            "duration_s": min(30.0, voice.duration_s * max(1.0, factor)),
        }
    )


def _stretched_openness(openness: Openness, factor: float, hold_s: float) -> Openness:
    changes = openness.changes and tuple(
        with_tables(change, lambda table: stretched(table, factor, hold_s)) for change in openness.changes
    )
    return openness.model_copy(update={"changes": changes})


def _longer(modes: Modes, factor: float) -> tuple[float, ...]:
    return row(np.clip(np.array(modes.t60_s) * factor, *T60_S))


def stretched_noise(noise: Noise, factors: Float, hold_s: float) -> Noise:
    """Make each row of a noise's level last longer or shorter; the velocity law follows in time.

    :param factors: one for each row of the level.
    """
    mean = float(exp(log(factors).mean()))
    bends = tuple(
        bend.model_copy(update={"change_db": stretched(bend.change_db, mean, hold_s)}) for bend in noise.velocity_bends
    )
    return noise.model_copy(
        update={
            "level_db": stretched(noise.level_db, factors, hold_s),
            "velocity_db_per_octave": stretched(noise.velocity_db_per_octave, mean, hold_s),
            "velocity_bends": bends,
        }
    )


def tilted(voice: VoiceModel, db_per_octave: float, pivot_hz: float = _TILT_PIVOT_HZ, start: float = 0.0) -> VoiceModel:
    """Make a voice brighter or duller around ``pivot_hz``.

    :param start: frequency below which nothing changes; 0: none.
    """
    if db_per_octave == 0.0:
        return voice

    def change(frequencies: Float) -> Float:
        octaves = log2(np.maximum(frequencies, start or 1.0) / pivot_hz)
        return np.clip(db_per_octave * octaves, -_TILT_LIMIT_DB, _TILT_LIMIT_DB)

    level = voice.noise.level_db
    noise = voice.noise.model_copy(update={"level_db": raised(level, change(np.array(level.frequencies_hz)))})
    parts = {
        name: modes and louder(modes, change(np.array(modes.frequency_hz)))
        for name, modes in (("body", voice.body), ("attack", voice.attack))
    }
    return voice.model_copy(update={"noise": noise, **parts})


def louder(modes: Modes, change_db: Float | float) -> Modes:
    """Return modes with changed levels."""
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
    """Make the noise above a frequency last longer or shorter, like slack or tight snare wires."""
    if factor == 1.0:
        return voice
    share = rise(np.array(voice.noise.level_db.frequencies_hz), low_hz / exp2(_FADE_OCTAVES), low_hz)
    return voice.model_copy(update={"noise": stretched_noise(voice.noise, power(factor, share), hold_s)})


def widened(voice: VoiceModel, factor: float) -> VoiceModel:
    """Make the stereo image of a voice wider or narrower; mono parts stay mono."""
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
    least = np.minimum(coherence, 0.0)  # only parts that were anticorrelated stay so
    coherence = np.clip(1.0 - (1.0 - coherence) * factor, least, 1.0)
    return stereo.model_copy(update={"left_minus_right_db": row(difference), "coherence": row(coherence)})
