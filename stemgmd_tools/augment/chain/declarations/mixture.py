"""Effects on the mixture alone: what microphones and finished mixes add."""

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
        "What every piece leaves in the others' microphones, in overheads and in room microphones.",
        (
            Parameter("leakage_db", "level of a piece in a neighbour's microphone, 1 m away", "dB", -80.0, 0.0, -24.0),
            Parameter("overhead_db", "level of the pair above the kit", "dB", -80.0, 12.0, -12.0),
            Parameter("room_db", "level of the pair in the room", "dB", -80.0, 12.0, -80.0),
            Parameter("overhead_m", "height of the pair above the snare", "m", 0.3, 3.0, 1.2),
            Parameter("room_m", "distance of the pair in the room", "m", 1.0, 15.0, 4.0),
            Parameter("damping_hz", "corner above which leakage is dull", "Hz", 500.0, 24_000.0, 8000.0),
            SEED,
        ),
        MIXTURE,
    ),
    Effect(
        "bus_compressor",
        Domain.MIX,
        "Compressor of a finished mix.",
        (
            Parameter("threshold_db", "level above which it works", "dBFS", -80.0, 0.0),
            Parameter("ratio", "decibels in per decibel out", "", 1.0, 100.0),
            Parameter("attack_ms", "time constant of turning down", "ms", 0.1, 500.0, 10.0),
            Parameter("release_ms", "time constant of coming back", "ms", 1.0, 5000.0, 100.0),
        ),
        MIXTURE,
        source=f"{PEDALBOARD} Compressor",
    ),
    Effect(
        "tape_saturation",
        Domain.MIX,
        "Driven softly, its treble a little duller, its level kept.",
        (
            Parameter("drive_db", "gain into the tape", "dB", 0.0, 36.0),
            Parameter("frequency_hz", "corner of the treble", "Hz", 1000.0, 24_000.0, 15_000.0),
        ),
        MIXTURE,
        source=f"{PEDALBOARD} Distortion, LowpassFilter",
    ),
    Effect(
        "mp3_compression",
        Domain.MIX,
        "MP3 and back.",
        (Parameter("vbr_quality", "LAME's -V: 0 best, 9.999 smallest", "", 0.0, 9.999, 2.0),),
        MIXTURE,
        source=f"{PEDALBOARD} MP3Compressor",
    ),
    Effect(
        "gsm_compression",
        Domain.MIX,
        "A GSM telephone and back, in mono at 8 kHz.",
        (),
        MIXTURE,
        source=f"{PEDALBOARD} GSMFullRateCompressor",
    ),
    Effect(
        "board_convolution",
        Domain.MIX,
        "Convolution of a finished mix with an impulse response of the caller's.",
        (IMPULSE_RESPONSE, Parameter("mix", "share of the wet sound", "", 0.0, 1.0, 0.3)),
        MIXTURE,
        source=f"{PEDALBOARD} Convolution",
    ),
    Effect(
        "board_reverb",
        Domain.MIX,
        "FreeVerb on a finished mix.",
        (
            Parameter("room_size", "size of the room", "", 0.0, 1.0, 0.5),
            Parameter("damping", "of the treble", "", 0.0, 1.0, 0.5),
            Parameter("wet_level", "of the reverberation", "", 0.0, 1.0, 0.2),
            Parameter("dry_level", "of the mix", "", 0.0, 1.0, 0.8),
            Parameter("width", "of the reverberation", "", 0.0, 1.0, 1.0),
        ),
        MIXTURE,
        source=f"{PEDALBOARD} Reverb",
    ),
)
