"""Write audio files.

Arrays are interleaved, shape (frames, channels). Writers write to a temporary file in the target's folder;
:func:`commit_all` renames finished files, so that a file with its final name is complete.
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from contextlib import suppress
from io import BufferedRandom, FileIO
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import numpy as np
import soundfile
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.audio.library import LIBRARY_ERRORS, Pcm
from stemgmd_tools.runtime.signals import defer_signals
from stemgmd_tools.storage.files import file_sha256, put_in_place, temporary_beside, write_failure

_SUBTYPE: Final = {"int16": "PCM_16", "int24": "PCM_24", "float32": "FLOAT"}
_WAV_BYTES: Final = (1 << 32) - (1 << 12)
"""Maximum bytes of samples in a WAV file, whose sizes have 32 bits."""
_HIGHEST_FLAC_LEVEL: Final = 8
_SET_ADD_PEAK_CHUNK: Final = 0x1050  # of libsndfile; soundfile has no method for it
_BUFFER_BYTES: Final = 1 << 18


class _Sink:
    """The file that libsndfile writes to. It stores the first ``OSError``, which libsndfile does not report."""

    def __init__(self, path: Path) -> None:
        """Open the file for writing and reading back."""
        self._file = BufferedRandom(FileIO(path, "w+"), _BUFFER_BYTES)
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write data; after a failure discard it, so that libsndfile finishes and the failure can be raised."""
        if self.error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self.error = error
        return len(data)

    def readinto(self, buffer: bytearray) -> int:
        """Fill ``buffer`` from the file (required by soundfile)."""
        return self._file.readinto(buffer)

    def read(self, size: int = -1) -> bytes:
        """Read from the file."""
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Set the position; buffered data is written first, which may fail as in :meth:`write`."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = self.error or error
            return offset

    def tell(self) -> int:
        """Return the position in the file."""
        return self._file.tell()

    def close(self) -> None:
        """Flush and close the file; store a failure."""
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error


class TrackWriter:
    """Streams one track to a temporary file beside its target.

    Use it as a context manager: leaving it after an error removes the temporary file.

    :param path: the target; its folder is created if needed.
    :param sample_format: ``int16``, ``int24`` or ``float32`` (float32 receives integers on the 24-bit grid).
    :param container: ``wav``, ``flac``, or ``rf64``: WAV whose sizes have 64 bits, see :func:`wav_container`.
    :raises AudioError: if the file cannot be opened or written; the message says if the disk is full.
    """

    def __init__(
        self,
        path: Path,
        *,
        sample_rate: int,
        sample_format: str,
        container: str,
        flac_level: int,
        channels: int = 2,
    ) -> None:
        """Open the temporary file."""
        self.path = path
        self._sample_format = sample_format
        self._temporary = temporary_beside(path)
        level = flac_level / _HIGHEST_FLAC_LEVEL if container == "flac" else None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sink = _Sink(self._temporary)
            with defer_signals():
                self._file = soundfile.SoundFile(
                    self._sink,
                    "w",
                    samplerate=sample_rate,
                    channels=channels,
                    subtype=_SUBTYPE[sample_format],
                    format=container.upper(),
                    compression_level=level,
                )
            if sample_format == "float32":
                _leave_out_peaks(self._file)
        except LIBRARY_ERRORS as error:
            with suppress(OSError):
                self._temporary.unlink(missing_ok=True)
            raise write_failure(path, error) from error

    def write(self, block: Pcm) -> None:
        """Append integer samples of shape (frames, channels), on the grid of the track's format."""
        try:
            with defer_signals():
                self._file.write(self._as_written(block))
        except LIBRARY_ERRORS as error:
            raise write_failure(self.path, self._sink.error or error) from error
        self._raise_if_failed()

    def _as_written(self, block: Pcm) -> NDArray[Any]:
        if self._sample_format == "int16":
            return block
        if self._sample_format == "int24":
            return block << 8  # libsndfile keeps the upper 24 of 32 bits
        return block.astype(np.float32) / np.float32(units.full_scale(24))

    def close(self) -> tuple[str, int]:
        """Finish the temporary file; return its SHA-256 and its size in bytes."""
        try:
            self._close()
            self._raise_if_failed()
            return file_sha256(self._temporary), self._temporary.stat().st_size
        except LIBRARY_ERRORS as error:
            raise write_failure(self.path, error) from error

    def commit(self) -> None:
        """Rename the finished file to its final path."""
        commit_all([self])

    @property
    def finished(self) -> tuple[Path, Path]:
        """Temporary and final path of a closed file, for :func:`commit_all`."""
        return self._temporary, self.path

    def __enter__(self) -> TrackWriter:
        """Return the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove the temporary file if it was not committed."""
        self._close()
        self._temporary.unlink(missing_ok=True)

    def _close(self) -> None:
        with defer_signals():
            self._file.close()
            self._sink.close()

    def _raise_if_failed(self) -> None:
        if self._sink.error is not None:
            raise write_failure(self.path, self._sink.error) from self._sink.error


def commit_all(writers: Sequence[TrackWriter], copies: Sequence[tuple[TrackWriter, Path]] = ()) -> None:
    """Rename finished files to their final paths; Ctrl-C is deferred until all are renamed.

    :param copies: finished files, and further paths to copy them to.
    :raises AudioError: if a file cannot be written.
    """
    moves = [writer.finished for writer in writers]
    copied = [(temporary_beside(path), path) for _, path in copies]
    try:
        for (writer, path), (temporary, _) in zip(copies, copied, strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(writer.finished[0], temporary)
        put_in_place([*moves, *copied])
    except OSError as error:
        for temporary, _ in copied:
            temporary.unlink(missing_ok=True)
        raise write_failure(writers[0].path, error) from error


def wav_container(frames: int, channels: int, sample_format: str) -> str:
    """Return the container for a sound: ``wav``, or ``rf64`` above 4 GiB."""
    width = {"int16": 2, "int24": 3, "float32": 4}[sample_format]
    return "wav" if frames * channels * width <= _WAV_BYTES else "rf64"


def _leave_out_peaks(file: soundfile.SoundFile) -> None:
    """Disable libsndfile's chunk of peaks, whose time stamp would make equal files differ."""
    soundfile._snd.sf_command(file._file, _SET_ADD_PEAK_CHUNK, soundfile._ffi.NULL, 0)  # noqa: SLF001 - no other way
