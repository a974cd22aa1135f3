"""Read audio files and pipes."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio.containers import is_audio
from stemgmd_tools.audio.library import LIBRARY_ERRORS, Pcm, reason
from stemgmd_tools.audio.opening import open_sound, truncated
from stemgmd_tools.errors import AudioError, shown

AUDIO_SUFFIXES: Final = frozenset(
    {
        ".wav",
        ".wave",
        ".flac",
        ".aif",
        ".aiff",
        ".aifc",
        ".au",
        ".caf",
        ".w64",
        ".bwf",
        ".snd",
        ".rf64",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
    }
)
"""Suffixes of files that :class:`TrackReader` reads, in lower case."""

_READ_FRAMES: Final = 1 << 16
_WHOLE_SAMPLES: Final = 1 << 23
"""Most samples, in all channels, that are read as one block, whatever length a header announces."""


def holds_audio(path: Path) -> bool:
    """Return whether a file begins like an audio file; False if it cannot be read."""
    try:
        with path.open("rb") as file:
            return is_audio(file.read(16))
    except OSError:
        return False


def read_audio(path: Path, *, longest_s: float = math.inf, foreign: bool = False) -> tuple[NDArray[np.float32], int]:
    """Read a whole file as floats.

    :param longest_s: maximum length; a few kilobytes of FLAC can hold hours of silence.
    :param foreign: whether ffmpeg may decode formats that libsndfile does not support.
    :return: samples of shape (frames, channels), full scale 1.0, and the sample rate in Hz.
    :raises AudioError: if the file is missing, unreadable, truncated, too long or empty.
    """
    blocks: list[NDArray[np.float32]] = []
    read = 0
    with TrackReader(path, foreign=foreign) as reader:
        for block in reader.blocks(_whole_frames(reader)):
            blocks.append(block)
            read += len(block)
            if read > longest_s * reader.sample_rate:
                raise AudioError(f"{shown(path)}: is longer than {longest_s:g} s; cut it")
    if not blocks:
        raise AudioError(f"{shown(path)}: holds no audio frame")
    return blocks[0] if len(blocks) == 1 else np.concatenate(blocks), reader.sample_rate


def _whole_frames(reader: TrackReader) -> int:
    """Return a block's length, such that a file of usual length is a single block and needs no copy."""
    if reader.frames is None:
        return _READ_FRAMES
    return max(1, min(reader.frames + 1, _WHOLE_SAMPLES // reader.channels))  # one more: the first block is the last


def read_pcm(path: Path, *, start: int = 0, frames: int = -1) -> tuple[Pcm, int, int]:
    """Read integer samples exactly as stored; a float file is read on its 24-bit grid.

    :param start: first frame.
    :param frames: number of frames; -1 for all that follow.
    :return: samples of shape (frames, channels) (int16, or int32 holding 24-bit values), sample rate in Hz, bit depth.
    :raises AudioError: if the file is missing or unreadable.
    """
    try:
        with soundfile.SoundFile(os.fsencode(path)) as file:
            file.seek(start)
            rate = int(file.samplerate)
            if file.subtype == "PCM_16":
                return file.read(frames, dtype="int16", always_2d=True), rate, 16
            if file.subtype == "PCM_24":
                return file.read(frames, dtype="int32", always_2d=True) >> 8, rate, 24
            grid = file.read(frames, dtype="float64", always_2d=True) * units.full_scale(24)
            return np.rint(grid).astype(np.int32), rate, 24
    except (*LIBRARY_ERRORS, MemoryError) as error:  # a header may announce any length
        raise AudioError(f"{shown(path)}: cannot be read as audio ({error})") from error


class TrackReader:
    """Reads a track block by block; a context manager.

    :param source: a file, or the descriptor of an open file: 0 is standard input. A pipe gives the same samples as a
        file: WAV, RF64, Wave64, AIFF, AU and CAF are streamed, other formats are read to their end first.
    :param foreign: whether ffmpeg may decode formats that libsndfile does not support.
    :param allow_truncated: whether to read truncated sounds; :attr:`lacks` then describes the missing part.
    :raises AudioError: if the source is missing or unreadable.
    :raises TruncatedError: if the source is truncated.
    """

    def __init__(self, source: Path | int, *, foreign: bool = False, allow_truncated: bool = False) -> None:
        """Open the source and read its header."""
        self.name = shown(source) if isinstance(source, Path) else "standard input"
        self._allow_truncated = allow_truncated
        self._decoder, self.lacks = open_sound(source, self.name, foreign=foreign, allow_truncated=allow_truncated)
        """The decoder, and a description of the missing part of the sound, complete at the end of reading."""
        self.sample_rate, self.channels = self._decoder.sample_rate, self._decoder.channels
        self.frames = self._decoder.frames
        """Number of frames that the header states; None if unknown."""
        self.sample_format = self._decoder.sample_format
        """The format that :class:`TrackWriter` needs to hold the samples: ``int16``, ``int24`` or ``float32``."""

    def blocks(self, frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield samples of shape (n, channels), full scale 1.0, ``frames`` at a time and fewer at the end.

        :raises AudioError: if a pipe breaks.
        :raises TruncatedError: if the sound is damaged or truncated.
        """
        while True:
            try:
                block = self._decoder.read(frames)
                ended = len(block) < frames
                lacks = self._decoder.fault() if ended else None
            except LIBRARY_ERRORS as error:
                raise AudioError(f"{self.name}: cannot be read to its end ({reason(error)})") from error
            if lacks is not None and not self._allow_truncated:
                raise truncated(self.name, lacks)
            self.lacks = self.lacks or lacks
            if len(block):
                yield block
            if ended:
                return

    def __enter__(self) -> TrackReader:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._decoder.close()
