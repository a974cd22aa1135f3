"""Declare effects on stems or the mixture: dynamics, rooms, noise, converters."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.augment.chain.declarations.types import (
    ANYWHERE,
    AUDIOMENTATIONS,
    IMPULSE_RESPONSE,
    SEED,
    Domain,
    Effect,
    Kind,
    Parameter,
)


def _wet(default: float = -12.0) -> Parameter:
    return Parameter(
        "wet_db", "level of the reverberation relative to the dry sound, by energy", "dB", -60.0, 12.0, default
    )


DYNAMICS: Final[tuple[Effect, ...]] = (
    Effect(
        "compressor",
        Domain.AUDIO,
        "Feed-forward compressor with linked channels.",
        (
            Parameter("threshold_db", "threshold level", "dBFS", -80.0, 0.0),
            Parameter("ratio", "compression ratio, input over output", "", 1.0, 100.0),
            Parameter("attack_ms", "time constant of the attack", "ms", 0.1, 500.0, 5.0),
            Parameter("release_ms", "time constant of the release", "ms", 1.0, 5000.0, 100.0),
            Parameter("knee_db", "width of the soft knee", "dB", 0.0, 40.0, 0.0),
            Parameter("makeup_db", "gain after compression", "dB", -24.0, 48.0, 0.0),
        ),
        ANYWHERE,
        source="Giannoulis, Massberg and Reiss 2012",
    ),
    Effect(
        "limiter",
        Domain.AUDIO,
        "Look-ahead limiter: no sample peak above the threshold.",
        (
            Parameter("threshold_db", "highest sample peak", "dBFS", -60.0, 0.0),
            Parameter("lookahead_ms", "look-ahead; the sound is not delayed", "ms", 0.1, 50.0, 5.0),
            Parameter("release_ms", "time constant of the release", "ms", 1.0, 5000.0, 50.0),
        ),
        ANYWHERE,
        source=f"{AUDIOMENTATIONS} Limiter",
    ),
    Effect(
        "transient_shaper",
        Domain.AUDIO,
        "Raises or lowers attacks and sustain, by comparing fast and slow envelopes.",
        (
            Parameter("attack_db", "gain of attacks", "dB", -24.0, 24.0, 0.0),
            Parameter("sustain_db", "gain of the sustain", "dB", -24.0, 24.0, 0.0),
        ),
        ANYWHERE,
    ),
)

SPACE: Final[tuple[Effect, ...]] = (
    Effect(
        "room_reverb",
        Domain.AUDIO,
        "A synthetic room: decaying noise whose treble decays faster.",
        (
            Parameter("decay_s", "decay time to -60 dB", "s", 0.05, 10.0),
            Parameter("predelay_ms", "time before the first reflections", "ms", 0.0, 200.0, 5.0),
            Parameter("damping_hz", "frequency at which the decay time is halved", "Hz", 200.0, 24_000.0, 8000.0),
            _wet(),
            SEED,
        ),
        ANYWHERE,
    ),
    Effect(
        "convolution",
        Domain.AUDIO,
        "Convolution with an impulse response of your own.",
        (IMPULSE_RESPONSE, _wet()),
        ANYWHERE,
        source=f"{AUDIOMENTATIONS} ApplyImpulseResponse",
    ),
    Effect(
        "noise_floor",
        Domain.AUDIO,
        "Adds noise.",
        (
            Parameter("level_dbfs", "RMS level of the noise", "dBFS", -140.0, -10.0),
            Parameter("colour", "spectrum of the noise", kind=Kind.CHOICE, choices=("white", "pink"), default="white"),
            SEED,
        ),
        ANYWHERE,
        source=f"{AUDIOMENTATIONS} AddColorNoise",
    ),
    Effect(
        "sample_rate_reduction",
        Domain.AUDIO,
        "Sample-and-hold at a lower rate, with audible images, as in early samplers.",
        (Parameter("rate_hz", "sampling rate", "Hz", 1000.0, 192_000.0),),
        ANYWHERE,
    ),
    Effect(
        "bit_crush",
        Domain.AUDIO,
        "Rounds samples to fewer bits.",
        (Parameter("bits", "bits per sample", "", 2, 24, kind=Kind.INTEGER),),
        ANYWHERE,
        source=f"{AUDIOMENTATIONS} BitCrush",
    ),
)
