"""Declare effects on the mixture: microphone bleed and processing of finished mixes."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.augment.chain.declarations.types import (
    IMPULSE_RESPONSE,
    MIXTURE,
    PEDALBOARD,
    SEED,
    Domain,
    Effect,
    Parameter,
)

MIX_EFFECTS: Final[tuple[Effect, ...]] = (
    Effect(
        "bleed",
        Domain.MIX,
        "Adds the bleed of every piece into the other pieces' microphones, the overheads and the room microphones.",
        (
            Parameter("leakage_db", "level of a piece in a neighbour's microphone, 1 m away", "dB", -80.0, 0.0, -24.0),
            Parameter("overhead_db", "level of the overhead microphones", "dB", -80.0, 12.0, -12.0),
            Parameter("room_db", "level of the room microphones", "dB", -80.0, 12.0, -80.0),
            Parameter("overhead_m", "height of the overheads above the snare", "m", 0.3, 3.0, 1.2),
            Parameter("room_m", "distance of the room microphones", "m", 1.0, 15.0, 4.0),
            Parameter("damping_hz", "corner frequency of the low pass on the bleed", "Hz", 500.0, 24_000.0, 8000.0),
            SEED,
        ),
        MIXTURE,
    ),
    Effect(
        "bus_compressor",
        Domain.MIX,
        "Compresses the mixture.",
        (
            Parameter("threshold_db", "threshold level", "dBFS", -80.0, 0.0),
            Parameter("ratio", "compression ratio, input over output", "", 1.0, 100.0),
            Parameter("attack_ms", "time constant of the attack", "ms", 0.1, 500.0, 10.0),
            Parameter("release_ms", "time constant of the release", "ms", 1.0, 5000.0, 100.0),
        ),
        MIXTURE,
        source=f"{PEDALBOARD} Compressor",
    ),
    Effect(
        "tape_saturation",
        Domain.MIX,
        "Saturates softly and attenuates the treble; the level is kept.",
        (
            Parameter("drive_db", "gain before saturation", "dB", 0.0, 36.0),
            Parameter("frequency_hz", "corner frequency of the low pass", "Hz", 1000.0, 24_000.0, 15_000.0),
        ),
        MIXTURE,
        source=f"{PEDALBOARD} Distortion, LowpassFilter",
    ),
    Effect(
        "mp3_compression",
        Domain.MIX,
        "Encodes to MP3 and decodes.",
        (Parameter("vbr_quality", "LAME's -V: 0 is the best quality, 9.999 the smallest file", "", 0.0, 9.999, 2.0),),
        MIXTURE,
        source=f"{PEDALBOARD} MP3Compressor",
    ),
    Effect(
        "gsm_compression",
        Domain.MIX,
        "Encodes with the GSM telephone codec (mono, 8 kHz) and decodes.",
        (),
        MIXTURE,
        source=f"{PEDALBOARD} GSMFullRateCompressor",
    ),
    Effect(
        "board_convolution",
        Domain.MIX,
        "Convolution of the mixture with an impulse response of your own.",
        (IMPULSE_RESPONSE, Parameter("mix", "proportion of the wet sound", "", 0.0, 1.0, 0.3)),
        MIXTURE,
        source=f"{PEDALBOARD} Convolution",
    ),
    Effect(
        "board_reverb",
        Domain.MIX,
        "Applies the reverberation Freeverb to the mixture.",
        (
            Parameter("room_size", "size of the room", "", 0.0, 1.0, 0.5),
            Parameter("damping", "damping of the treble", "", 0.0, 1.0, 0.5),
            Parameter("wet_level", "level of the reverberation", "", 0.0, 1.0, 0.2),
            Parameter("dry_level", "level of the dry mixture", "", 0.0, 1.0, 0.8),
            Parameter("width", "stereo width of the reverberation", "", 0.0, 1.0, 1.0),
        ),
        MIXTURE,
        source=f"{PEDALBOARD} Reverb",
    ),
)
