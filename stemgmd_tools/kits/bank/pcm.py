"""Cut one-shots, round them to 16 bits, and append them to the PCM of a bank."""

from __future__ import annotations

import hashlib
import io
import math
import zlib
from typing import BinaryIO, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.kits.bank.one_shots import Stereo
from stemgmd_tools.numerics.amplitude import BLOCK_FRAMES, first_reaching, last_reaching, one_of_equals, peak
from stemgmd_tools.onsets import onset_frame

PCM_DTYPE: Final = np.dtype("<i2")
SILENCE: Final = 2.0**-16
"""Half a step of 16-bit output (-96 dB): sounds are cut after the last frame above it."""
LEAD_IN_S: Final = 0.005
"""Longest part before the attack that is kept."""
LEAD_IN_FADE_S: Final = 0.002
"""Length of the fade-in of a lead-in that was cut."""
_LEAST_EXPONENT: Final = -100
"""Exponent of the peak of a sound that uses 16 bits; softer ones (-602 dB) use fewer, and the scale fits float32."""
_HASHED_BYTES: Final = 1 << 18
"""Bytes that both checksums read in turn, so that the second finds them in the processor's cache."""


class Window(NamedTuple):
    """The part of a sound that a bank keeps."""

    start: int
    stop: int
    fade_frames: int
    """Length of the fade-in; 0 if nothing audible lies before the part."""

    def cut(self, sound: Stereo) -> Stereo:
        """Return the part of a sound."""
        part = sound[self.start : self.stop]
        if self.fade_frames:
            part = part.astype(np.float64)
            part[: self.fade_frames] *= np.linspace(0.0, 1.0, self.fade_frames, endpoint=False)[:, None]
        return part


def window(sound: Stereo, sample_rate: int) -> Window | None:
    """Return a sound's part without silence at its ends and with a lead-in of limited length; None for silence."""
    audible, onset = first_reaching(sound, SILENCE), onset_frame(sound, sample_rate)
    last = last_reaching(sound, SILENCE)
    if audible is None or onset is None or last is None:
        return None
    first = min(audible, onset)
    start = max(first, onset - units.frames_of(LEAD_IN_S, sample_rate))
    fade = min(units.frames_of(LEAD_IN_FADE_S, sample_rate), last + 1 - start) if start > first else 0
    return Window(start, last + 1, fade)


def quantise(sound: Stereo) -> tuple[NDArray[np.int16], float]:
    """Return a sound as int16 and the amplitude of one unit: the least power of two that holds the peak.

    Rounds to the nearest integer, ties to even. Samples of up to 16 bits that use their full range are not changed.
    """
    loudest = peak(sound)
    exponent = max(math.frexp(loudest)[1], _LEAST_EXPONENT)
    if np.rint(math.ldexp(loudest, 15 - exponent)) > np.iinfo(np.int16).max:
        exponent += 1
    pcm = np.empty(sound.shape, np.int16)
    samples = one_of_equals(sound)
    for start in range(0, len(samples), BLOCK_FRAMES):
        units_of_pcm = samples[start : start + BLOCK_FRAMES] * math.ldexp(1.0, 15 - exponent)  # exact in any precision
        pcm[start : start + BLOCK_FRAMES] = np.rint(units_of_pcm, out=units_of_pcm)
    return pcm, math.ldexp(1.0, exponent - 15)


class PcmSink:
    """Appends one-shots to the PCM of a bank, in a file or in memory."""

    def __init__(self, file: BinaryIO | None) -> None:
        """Start empty; without a file, :attr:`content` holds what is written."""
        self.frames = 0
        self._digest = hashlib.sha256()
        self._memory = io.BytesIO()
        self._file = self._memory if file is None else file

    def write(self, pcm: NDArray[np.int16]) -> int:
        """Append a one-shot, shape (frames, 2); return its CRC-32."""
        content = np.ascontiguousarray(pcm, PCM_DTYPE).reshape(-1).view(np.uint8).data
        crc32 = 0
        for start in range(0, len(content), _HASHED_BYTES):
            part = content[start : start + _HASHED_BYTES]
            self._digest.update(part)
            crc32 = zlib.crc32(part, crc32)
        self._file.write(content)
        self.frames += len(pcm)
        return crc32

    @property
    def sha256(self) -> str:
        """SHA-256 of all that was written."""
        return self._digest.hexdigest()

    @property
    def content(self) -> NDArray[np.int16]:
        """The PCM, interleaved; empty if it was written to a file."""
        return np.frombuffer(self._memory.getbuffer(), PCM_DTYPE)
