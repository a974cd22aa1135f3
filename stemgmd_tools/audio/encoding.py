"""Encode short sounds in memory."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import soundfile

from stemgmd_tools.audio.library import Pcm

_SMALLEST: Final = 1.0
"""Compression level of the smallest files, which take longest to encode."""


def flac_bytes(pcm: Pcm, sample_rate: int, compression_level: float = _SMALLEST) -> bytes:
    """Return a FLAC file: of 16 bits for int16, of 24 for int32 on the 24-bit grid.

    :param pcm: shape (frames, channels), one or two channels.
    :param compression_level: 0..1.
    """
    content = io.BytesIO()
    samples, subtype = (pcm, "PCM_16") if pcm.dtype == np.int16 else (pcm << 8, "PCM_24")
    soundfile.write(content, samples, sample_rate, format="FLAC", subtype=subtype, compression_level=compression_level)
    return content.getvalue()


def wav_bytes(pcm: Pcm, sample_rate: int, bit_depth: int) -> bytes:
    """Return a WAV file of 16 or 24 bits.

    :param pcm: shape (frames, channels), on the grid of the bit depth.
    """
    content = io.BytesIO()
    aligned = pcm if bit_depth == 16 else pcm << (32 - bit_depth)
    soundfile.write(content, aligned, sample_rate, format="WAV", subtype=f"PCM_{bit_depth}")
    return content.getvalue()
