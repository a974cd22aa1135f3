"""Reading audio files and pipes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio.library import LIBRARY_ERRORS, Pcm, reason
from stemgmd_tools.errors import AudioError

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
        ".rf64",
        ".ogg",
        ".oga",
        ".opus",
        ".mp3",
    }
)
"""Endings of files that :class:`TrackReader` reads, in lower case."""

_FORMAT_OF_SUBTYPE: Final = {
    **dict.fromkeys(("PCM_24", "PCM_32", "ALAC_20", "ALAC_24", "ALAC_32", "DWVW_24"), "int24"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "float32"),
}


def read_audio(path: Path) -> tuple[NDArray[np.float32], int]:
    """Read a whole file as floats.

    :return: samples of shape (frames, channels), full scale 1.0, and the sample rate in Hz.
    :raises AudioError: if the file is missing, unreadable or holds no frame.
    """
    try:
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
    except LIBRARY_ERRORS as error:
        raise AudioError(f"{path}: cannot be read as audio ({error}); WAV, FLAC, AIFF and OGG work") from error
    if not len(samples):
        raise AudioError(f"{path}: holds no audio frame")
    return samples, int(rate)


def read_pcm(path: Path, *, start: int = 0, frames: int = -1) -> tuple[Pcm, int, int]:
    """Read integer samples exactly as stored; a float file is read on its 24-bit grid.

    :param start: first frame.
    :param frames: how many frames; -1 for all that follow.
    :return: samples of shape (frames, channels) (int16, or int32 holding 24-bit values), sample rate in Hz, bit depth.
    :raises AudioError: if the file is missing or unreadable.
    """
    try:
        with soundfile.SoundFile(path) as file:
            file.seek(start)
            rate = int(file.samplerate)
            if file.subtype == "PCM_16":
                return file.read(frames, dtype="int16", always_2d=True), rate, 16
            if file.subtype == "PCM_24":
                return file.read(frames, dtype="int32", always_2d=True) >> 8, rate, 24
            grid = file.read(frames, dtype="float64", always_2d=True) * units.full_scale(24)
            return np.rint(grid).astype(np.int32), rate, 24
    except LIBRARY_ERRORS as error:
        raise AudioError(f"{path}: cannot be read as audio ({error})") from error


class TrackReader:
    """Reads a track block by block; a context manager.

    :param path: a file, or the number of an open file: 0 is standard input, where a pipe may bring WAV or AU.
    :raises AudioError: if it is missing or unreadable.
    """

    def __init__(self, path: Path | int) -> None:
        """Open it and read its header."""
        self.name = str(path) if isinstance(path, Path) else "standard input"
        try:
            self._file = soundfile.SoundFile(path, closefd=isinstance(path, Path))
        except LIBRARY_ERRORS as error:
            expected = "WAV, FLAC, AIFF, OGG and MP3 work" if isinstance(path, Path) else "a pipe may bring WAV"
            raise AudioError(f"{self.name}: cannot be read as audio ({reason(error)}); {expected}") from error
        self.sample_rate = int(self._file.samplerate)
        self.channels = int(self._file.channels)
        self.frames = int(self._file.frames) if self._file.seekable() else None
        """As announced by the header; None for a pipe, where it may be made up."""
        self.sample_format = _FORMAT_OF_SUBTYPE.get(self._file.subtype, "int16")
        """What :class:`TrackWriter` needs to hold its samples: ``int16``, ``int24`` or ``float32``."""

    def blocks(self, frames: int) -> Iterator[NDArray[np.float32]]:
        """Yield samples of shape (n, channels), full scale 1.0, ``frames`` at a time and fewer at the end.

        :raises AudioError: if the file is damaged.
        """
        while True:
            try:
                block = self._file.read(frames, dtype="float32", always_2d=True)
            except LIBRARY_ERRORS as error:
                raise AudioError(f"{self.name}: cannot be read to its end ({reason(error)})") from error
            if len(block):
                yield block
            if len(block) < frames:
                return

    def __enter__(self) -> TrackReader:
        """Return the reader itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the file."""
        self._file.close()
