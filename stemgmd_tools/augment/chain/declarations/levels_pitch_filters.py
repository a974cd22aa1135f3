"""Declare effects on stems or the mixture: level, stereo, pitch, time, filters."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.augment.chain.declarations.types import (
    ANYWHERE,
    AUDIOMENTATIONS,
    EXAMPLE,
    SONG,
    STEMS,
    Domain,
    Effect,
    Kind,
    Parameter,
    rate,
)


def _frequency(default: float | None = None, description: str = "centre or corner frequency") -> Parameter:
    return Parameter("frequency_hz", description, "Hz", 10.0, 24_000.0, default)


def _gain(low: float = -24.0, high: float = 24.0, default: float | None = None) -> Parameter:
    return Parameter("gain_db", "gain", "dB", low, high, default)


def _q(default: float = 0.7071) -> Parameter:
    return Parameter("q", "quality factor: centre frequency over bandwidth", "", 0.1, 20.0, default)


_ORDER: Final = Parameter("order", "order of the Butterworth filter, 6 dB per octave each", "", 1, 8, 2, Kind.INTEGER)

_COOKBOOK: Final = "Bristow-Johnson, Audio EQ Cookbook"

LEVEL_EFFECTS: Final[tuple[Effect, ...]] = (
    Effect("gain", Domain.AUDIO, "Applies a gain.", (_gain(-60.0, 24.0),), ANYWHERE, source=f"{AUDIOMENTATIONS} Gain"),
    Effect(
        "scale",
        Domain.AUDIO,
        "Multiplies by an amplitude factor instead of a gain in decibels.",
        (Parameter("factor", "amplitude ratio", "", 0.0, 16.0),),
        ANYWHERE,
        source="Scale of Demucs",
    ),
    Effect(
        "loudness_normalization",
        Domain.AUDIO,
        "Applies the gain that gives a loudness; silence is unchanged.",
        (Parameter("lufs", "target integrated loudness", "LUFS", -70.0, 0.0),),
        ANYWHERE,
        source=f"ITU-R BS.1770-4; {AUDIOMENTATIONS} LoudnessNormalization",
    ),
    Effect(
        "polarity_inversion",
        Domain.AUDIO,
        "Inverts the polarity.",
        (),
        STEMS,
        source=f"{AUDIOMENTATIONS} PolarityInversion",
    ),
    Effect("channel_swap", Domain.AUDIO, "Swaps left and right.", (), STEMS, source="LarsNet; Demucs"),
    Effect(
        "stereo_width",
        Domain.AUDIO,
        "Scales the difference of left and right.",
        (Parameter("width", "0 mono, 1 unchanged, 2 twice as wide", "", 0.0, 2.0),),
        ANYWHERE,
    ),
    Effect(
        "saturation",
        Domain.AUDIO,
        "Saturates the waveform: tanh(drive x).",
        (Parameter("drive", "gain before tanh", "", 0.01, 100.0),),
        ANYWHERE,
        source=f"LarsNet; {AUDIOMENTATIONS} TanhDistortion",
    ),
)

TIME_EFFECTS: Final[tuple[Effect, ...]] = (
    Effect(
        "pitch_shift",
        Domain.AUDIO,
        "Shifts the pitch; onsets and length are unchanged.",
        (Parameter("cents", "pitch", "cents", -2400.0, 2400.0),),
        STEMS,
        source=f"{AUDIOMENTATIONS} PitchShift",
    ),
    Effect(
        "time_stretch",
        Domain.AUDIO,
        "Changes the speed; the pitch is kept or shifted independently.",
        (rate("speed"), Parameter("cents", "pitch", "cents", -2400.0, 2400.0, 0.0)),
        EXAMPLE,
        changes_time=True,
        source=f"{AUDIOMENTATIONS} TimeStretch",
    ),
    Effect(
        "repitch",
        Domain.AUDIO,
        "Changes speed and pitch of each song of the stems; all stems end with the fastest song.",
        (
            rate("speed"),
            Parameter("cents", "pitch", "cents", -2400.0, 2400.0, 0.0),
            Parameter("fastest", "greatest speed among the songs, at least 1", kind=Kind.FASTEST),
        ),
        SONG,
        changes_time=True,
        source="RepitchedWrapper of Demucs (demucs/repitch.py)",
    ),
    Effect(
        "varispeed",
        Domain.AUDIO,
        "Changes the speed like a tape, pitch included.",
        (rate("speed"),),
        EXAMPLE,
        changes_time=True,
    ),
)

FILTERS: Final[tuple[Effect, ...]] = (
    Effect(
        "low_pass_filter",
        Domain.AUDIO,
        "Butterworth low pass.",
        (_frequency(), _ORDER),
        ANYWHERE,
        source=f"{AUDIOMENTATIONS} LowPassFilter",
    ),
    Effect(
        "high_pass_filter",
        Domain.AUDIO,
        "Butterworth high pass.",
        (_frequency(), _ORDER),
        ANYWHERE,
        source=f"{AUDIOMENTATIONS} HighPassFilter",
    ),
    Effect(
        "peaking_filter",
        Domain.AUDIO,
        "One band of a parametric equaliser.",
        (_frequency(), _gain(), _q()),
        ANYWHERE,
        source=_COOKBOOK,
    ),
    Effect(
        "low_shelf_filter",
        Domain.AUDIO,
        "Raises or lowers frequencies below the corner.",
        (_frequency(), _gain(), _q()),
        ANYWHERE,
        source=_COOKBOOK,
    ),
    Effect(
        "high_shelf_filter",
        Domain.AUDIO,
        "Raises or lowers frequencies above the corner.",
        (_frequency(), _gain(), _q()),
        ANYWHERE,
        source=_COOKBOOK,
    ),
)
