"""Encode short sounds in memory."""

from __future__ import annotations

import io
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

_SMALLEST: Final = 1.0
"""Compression level of the smallest files, which take longest to encode."""


def flac_bytes(pcm: NDArray[np.int16], sample_rate: int) -> bytes:
    """Return a 16-bit FLAC file.

    :param pcm: shape (frames, channels), one or two channels.
    """
    content = io.BytesIO()
    soundfile.write(content, pcm, sample_rate, format="FLAC", subtype="PCM_16", compression_level=_SMALLEST)
    return content.getvalue()


def wav_bytes(pcm: NDArray[np.int16] | NDArray[np.int32], sample_rate: int, bit_depth: int) -> bytes:
    """Return a WAV file of 16 or 24 bits.

    :param pcm: shape (frames, channels), on the grid of the bit depth.
    """
    content = io.BytesIO()
    aligned = pcm if bit_depth == 16 else pcm << (32 - bit_depth)
    soundfile.write(content, aligned, sample_rate, format="WAV", subtype=f"PCM_{bit_depth}")
    return content.getvalue()
