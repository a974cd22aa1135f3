"""Decode files and pipes to samples, block by block."""

from __future__ import annotations

import io
import os
from typing import BinaryIO, Final, Protocol

import numpy as np
import soundfile
from numpy.typing import NDArray

from stemgmd_tools.audio.containers import Layout
from stemgmd_tools.audio.library import LIBRARY_ERRORS, reason
from stemgmd_tools.audio.pipes import ByteStream

_FORMAT_OF_SUBTYPE: Final = {
    **dict.fromkeys(("PCM_24", "PCM_32", "ALAC_20", "ALAC_24", "ALAC_32", "DWVW_24"), "int24"),
    **dict.fromkeys(("FLOAT", "DOUBLE"), "float32"),
}
_STEP_FRAMES: Final = 1 << 18
"""Frames per call of libsndfile. After each call soundfile seeks, for which FLAC decodes a block again."""
_SMALL_STEP_FRAMES: Final = 4096
"""Frames per call in damaged files, those of unknown length and lossy ones: the most that an error can lose."""
_LOSSLESS: Final = ("PCM_", "FLOAT", "DOUBLE")
"""Beginnings of the subtypes of uncompressed formats and FLAC."""
_MOST_FRAMES: Final = 1 << 60
"""Larger numbers of frames are libsndfile's way to report an unknown length."""
_FSEEK_FAILED: Final = 39
"""libsndfile's error for seeking beyond the end."""
_ESTIMATED: Final = "MP3"
"""The format whose number of frames is an estimate if its header does not state it."""

Block = NDArray[np.float32]
"""Samples (frames, channels), full scale 1.0."""


class Decoder(Protocol):
    """Reads the samples of one sound from beginning to end."""

    sample_rate: int
    channels: int
    frames: int | None
    """Number of frames that the header states; None if unknown."""
    sample_format: str
    """The format that holds the samples without loss: ``int16``, ``int24`` or ``float32``."""

    def read(self, frames: int) -> Block:
        """Return the next frames; fewer at the end."""

    def fault(self) -> str | None:
        """Return, at the end, why frames are missing; None if the sound is complete."""

    def close(self) -> None:
        """Close the file."""


class LibraryDecoder:
    """Decodes the formats that libsndfile supports.

    :param file: an open file, read from its beginning; closed with the decoder.
    :raises soundfile.SoundFileError: if libsndfile does not support the format.
    """

    def __init__(self, file: BinaryIO) -> None:
        """Open it."""
        self._file = _opened(file)
        self._source = file
        self.sample_rate, self.channels = int(self._file.samplerate), int(self._file.channels)
        announced = int(self._file.frames)
        self.frames = announced if announced < _MOST_FRAMES else None
        self.sample_format = _FORMAT_OF_SUBTYPE.get(self._file.subtype, "int16")
        quick = self.frames is not None and self._file.subtype.startswith(_LOSSLESS)
        self._step_frames = _STEP_FRAMES if quick else _SMALL_STEP_FRAMES
        self._read = 0
        self._failure: str | None = None

    def read(self, frames: int) -> Block:
        """Return the next frames; fewer at the end or before damage."""
        block = np.empty((frames, self.channels), np.float32)
        count = 0
        while count < frames and self._failure is None:
            step = block[count : count + self._step_frames]
            decoded = self._quick_step(step, self._read + count)
            if decoded is None:
                step = step[:_SMALL_STEP_FRAMES]
                decoded = self._small_step(step)
            count += decoded
            if decoded < len(step):
                break
        self._read += count
        return block[:count]

    def _quick_step(self, block: Block, position: int) -> int | None:
        """Fill ``block``, and return the number of its frames; None if it is to be filled in small steps.

        :param position: number of the frames before it.
        """
        if self._step_frames == _SMALL_STEP_FRAMES:
            return None
        try:
            return len(self._file.read(out=block))
        except LIBRARY_ERRORS:  # some of its frames may be decoded
            self._step_frames = _SMALL_STEP_FRAMES
            self._file.close()
            self._file = _opened(self._source)
            for start in range(0, position, _SMALL_STEP_FRAMES):
                self._file.read(min(_SMALL_STEP_FRAMES, position - start), dtype="float32")
            return None

    def _small_step(self, block: Block) -> int:
        """Fill ``block``, and return the number of its frames: libsndfile writes what it decodes before it fails."""
        block[:] = np.nan
        try:
            return len(self._file.read(out=block))
        except LIBRARY_ERRORS as error:
            if not self._has_ended(error):
                self._failure = reason(error)
            decoded = ~np.isnan(block[:, 0])
            return len(block) if decoded.all() else int(decoded.argmin())

    def _has_ended(self, error: Exception) -> bool:
        """Return whether an error marks the end of a FLAC stream whose header does not state its length."""
        size = os.fstat(self._source.fileno()).st_size
        at_end = os.lseek(self._source.fileno(), 0, os.SEEK_CUR) == size
        return self.frames is None and at_end and getattr(error, "code", None) == _FSEEK_FAILED

    def fault(self) -> str | None:
        """Return how far decoding came if frames are missing."""
        if self._failure is not None:
            of = "" if self.frames is None else f" of {self.frames:,}"
            why = f" ({self._failure})" if self._failure else ""
            return f"cannot be read to its end: damaged or cut short after {self._read:,}{of} frames{why}"
        if self.frames is not None and self._read < self.frames and self._file.format != _ESTIMATED:
            return f"ends after {self._read:,} of {self.frames:,} frames"
        return None

    def close(self) -> None:
        """Close the file."""
        self._file.close()
        self._source.close()


def _opened(file: BinaryIO) -> soundfile.SoundFile:
    """Return a sound at its beginning."""
    os.lseek(file.fileno(), 0, os.SEEK_SET)  # a buffered file's own seek may not reach the descriptor
    return soundfile.SoundFile(file.fileno(), closefd=False)


class PcmDecoder:
    """Decodes the uncompressed samples of a stream.

    :param stream: at the first sample; need not be seekable.
    :param layout: from the header; its coding must have a subtype.
    """

    def __init__(self, stream: ByteStream, layout: Layout) -> None:
        """Begin at the first sample."""
        self._stream, self._coding = stream, layout.coding
        self.sample_rate, self.channels = layout.coding.sample_rate, layout.coding.channels
        self.sample_format = _FORMAT_OF_SUBTYPE.get(layout.coding.subtype or "", "int16")
        self.frames = None if layout.size is None else layout.size // layout.coding.frame_bytes
        self._remaining = layout.size
        """Bytes not yet read; None to read to the end of the stream."""

    def read(self, frames: int) -> Block:
        """Return the next frames; fewer at the end."""
        width = self._coding.frame_bytes
        size = frames * width if self._remaining is None else min(frames * width, self._remaining)
        content = self._stream.read(size)
        if self._remaining is not None:
            self._remaining -= len(content)
        complete = len(content) - len(content) % width
        if not complete:
            return np.empty((0, self.channels), np.float32)
        samples, _ = soundfile.read(
            io.BytesIO(content[:complete]),
            dtype="float32",
            always_2d=True,
            format="RAW",
            subtype=self._coding.subtype,
            endian=self._coding.endian,
            samplerate=self.sample_rate,
            channels=self.channels,
        )
        return np.asarray(samples, np.float32)

    def fault(self) -> str | None:
        """Return how many bytes are missing; read the rest of the stream, so that its writer sees no closed pipe."""
        if self._remaining:
            return f"{self._remaining} bytes are missing at its end"
        while self._stream.read(1 << 16):
            pass
        return None

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()
