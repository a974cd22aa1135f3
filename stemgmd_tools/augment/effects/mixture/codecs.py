"""Lossy codecs of pedalboard."""

from __future__ import annotations

from typing import Any, Final

from stemgmd_tools.augment.chain.effect import MIXTURE, BoardEffect, Parameter


def mp3_compression(board: Any, *, vbr_quality: float) -> list[Any]:
    """Return the MP3 codec."""
    return [board.MP3Compressor(vbr_quality=vbr_quality)]


def gsm_compression(board: Any) -> list[Any]:
    """Return the GSM codec."""
    return [board.GSMFullRateCompressor()]


EFFECTS: Final = (
    BoardEffect(
        "mp3_compression",
        "Encodes to MP3 and decodes.",
        mp3_compression,
        (Parameter("vbr_quality", "LAME's -V: 0 is the best quality, 9.999 the smallest file", "", 0.0, 9.999, 2.0),),
        MIXTURE,
        source="pedalboard MP3Compressor",
    ),
    BoardEffect(
        "gsm_compression",
        "Encodes with the GSM telephone codec (mono, 8 kHz) and decodes.",
        gsm_compression,
        (),
        MIXTURE,
        source="pedalboard GSMFullRateCompressor",
        adds_noise=True,
    ),
)
