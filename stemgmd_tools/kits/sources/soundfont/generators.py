"""The generators of SoundFont 2.04, section 8.1: their numbers, names and what has no influence here."""

from __future__ import annotations

from typing import Final

START_OFFSET: Final = 0
END_OFFSET: Final = 1
LOOP_START_OFFSET: Final = 2
LOOP_END_OFFSET: Final = 3
START_COARSE_OFFSET: Final = 4
CUTOFF: Final = 8
RESONANCE: Final = 9
ENVELOPE_TO_CUTOFF: Final = 11
END_COARSE_OFFSET: Final = 12
PAN: Final = 17
DELAY: Final = 33
ATTACK: Final = 34
HOLD: Final = 35
DECAY: Final = 36
SUSTAIN: Final = 37
RELEASE: Final = 38
KEY_TO_HOLD: Final = 39
KEY_TO_DECAY: Final = 40
INSTRUMENT: Final = 41
KEY_RANGE: Final = 43
VELOCITY_RANGE: Final = 44
LOOP_START_COARSE_OFFSET: Final = 45
KEY: Final = 46
VELOCITY: Final = 47
ATTENUATION: Final = 48
LOOP_END_COARSE_OFFSET: Final = 50
COARSE_TUNE: Final = 51
FINE_TUNE: Final = 52
SAMPLE: Final = 53
SAMPLE_MODES: Final = 54
SCALE_TUNING: Final = 56
EXCLUSIVE_CLASS: Final = 57
ROOT_KEY: Final = 58

COUNT: Final = 61
"""Generators have numbers below it."""
COARSE_FRAMES: Final = 32_768
"""Frames of a coarse offset."""

SHORTEST: Final = -12_000
"""Timecents of a stage of an envelope that takes no time."""

DEFAULTS: Final = {
    **dict.fromkeys((DELAY, ATTACK, HOLD, DECAY, RELEASE), SHORTEST),
    CUTOFF: 13_500,
    KEY: -1,
    VELOCITY: -1,
    SCALE_TUNING: 100,
    ROOT_KEY: -1,
}
"""Values where no zone gives one, if not 0."""

SAMPLES_ONLY: Final = frozenset(
    {
        START_OFFSET, END_OFFSET, LOOP_START_OFFSET, LOOP_END_OFFSET, START_COARSE_OFFSET, END_COARSE_OFFSET,
        LOOP_START_COARSE_OFFSET, LOOP_END_COARSE_OFFSET, KEY, VELOCITY, SAMPLE_MODES, EXCLUSIVE_CLASS,
        ROOT_KEY,
    }
)  # fmt: skip
"""Generators that count in instruments only."""

WITHOUT_INFLUENCE: Final = {
    5: "modLfoToPitch",
    6: "vibLfoToPitch",
    7: "modEnvToPitch",
    10: "modLfoToFilterFc",
    11: "modEnvToFilterFc",
    13: "modLfoToVolume",
    15: "chorusEffectsSend",
    16: "reverbEffectsSend",
    21: "delayModLFO",
    22: "freqModLFO",
    23: "delayVibLFO",
    24: "freqVibLFO",
    25: "delayModEnv",
    26: "attackModEnv",
    27: "holdModEnv",
    28: "decayModEnv",
    29: "sustainModEnv",
    30: "releaseModEnv",
    31: "keynumToModEnvHold",
    32: "keynumToModEnvDecay",
}
"""Generators that are counted only: one-shots are played as recorded, dry."""
