"""Saturation of the mixture with pedalboard."""

from __future__ import annotations

from typing import Any, Final

from stemgmd_tools.augment.chain.effect import MIXTURE, BoardEffect, Parameter


def tape_saturation(board: Any, *, drive_db: float, frequency_hz: float) -> list[Any]:
    """Return the distortion and the low pass."""
    return [board.Distortion(drive_db=drive_db), board.LowpassFilter(cutoff_frequency_hz=frequency_hz)]


EFFECTS: Final = (
    BoardEffect(
        "tape_saturation",
        "Saturates softly and attenuates the treble; the level is kept.",
        tape_saturation,
        (
            Parameter("drive_db", "gain before saturation", "dB", 0.0, 36.0, typical=9.0),
            Parameter("frequency_hz", "corner frequency of the low pass", "Hz", 1000.0, 24_000.0, 15_000.0),
        ),
        MIXTURE,
        source="pedalboard Distortion, LowpassFilter",
        keeps_level=True,
    ),
)
