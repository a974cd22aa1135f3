"""Effects on stems or on the mixture: level, stereo, pitch, time, filters."""

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
    Effect("gain", Domain.AUDIO, "Gain.", (_gain(-60.0, 24.0),), ANYWHERE, source=f"{AUDIOMENTATIONS} Gain"),
    Effect(
        "scale",
        Domain.AUDIO,
        "Multiplies by a factor: a gain that is drawn in amplitude instead of decibels.",
        (Parameter("factor", "amplitude ratio", "", 0.0, 16.0),),
        ANYWHERE,
        source="Scale of Demucs",
    ),
    Effect(
        "loudness_normalization",
        Domain.AUDIO,
        "Gain to a loudness; silence stays.",
        (Parameter("lufs", "integrated loudness afterwards", "LUFS", -70.0, 0.0),),
        ANYWHERE,
        source=f"ITU-R BS.1770-4; {AUDIOMENTATIONS} LoudnessNormalization",
    ),
    Effect(
        "polarity_inversion",
        Domain.AUDIO,
        "Changes the sign.",
        (),
        STEMS,
        source=f"{AUDIOMENTATIONS} PolarityInversion",
    ),
    Effect("channel_swap", Domain.AUDIO, "Swaps left and right.", (), STEMS, source="LarsNet; Demucs"),
    Effect(
        "stereo_width",
        Domain.AUDIO,
        "Scales the difference of left and right.",
        (Parameter("width", "0 mono, 1 as it is, 2 twice as wide", "", 0.0, 2.0),),
        ANYWHERE,
    ),
    Effect(
        "saturation",
        Domain.AUDIO,
        "tanh(drive x).",
        (Parameter("drive", "gain before tanh", "", 0.01, 100.0),),
        ANYWHERE,
        source=f"LarsNet; {AUDIOMENTATIONS} TanhDistortion",
    ),
)

TIME_EFFECTS: Final[tuple[Effect, ...]] = (
    Effect(
        "pitch_shift",
        Domain.AUDIO,
        "Pitch; onsets and length stay.",
        (Parameter("cents", "pitch", "cents", -2400.0, 2400.0),),
        STEMS,
        source=f"{AUDIOMENTATIONS} PitchShift",
    ),
    Effect(
        "time_stretch",
        Domain.AUDIO,
        "Speed with pitch kept, or moved by its own amount.",
        (rate("speed"), Parameter("cents", "pitch", "cents", -2400.0, 2400.0, 0.0)),
        EXAMPLE,
        changes_time=True,
        source=f"{AUDIOMENTATIONS} TimeStretch",
    ),
    Effect(
        "repitch",
        Domain.AUDIO,
        "Speed and pitch of each song that the stems are from; all stems end where the fastest song's do.",
        (
            rate("speed"),
            Parameter("cents", "pitch", "cents", -2400.0, 2400.0, 0.0),
            Parameter("fastest", "greatest speed among the songs, 1 at least", kind=Kind.FASTEST),
        ),
        SONG,
        changes_time=True,
        source="RepitchedWrapper of Demucs (demucs/repitch.py)",
    ),
    Effect(
        "varispeed",
        Domain.AUDIO,
        "Speed as of a tape: pitch moves with it.",
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
        "Raises or lowers what lies below.",
        (_frequency(), _gain(), _q()),
        ANYWHERE,
        source=_COOKBOOK,
    ),
    Effect(
        "high_shelf_filter",
        Domain.AUDIO,
        "Raises or lowers what lies above.",
        (_frequency(), _gain(), _q()),
        ANYWHERE,
        source=_COOKBOOK,
    ),
)
