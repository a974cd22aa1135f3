"""Writing audio and other files.

Arrays are interleaved as files hold them, shape (frames, channels). Writers put their bytes under a temporary
name in the target's folder; :meth:`TrackWriter.commit` gives the file its name, so a file that has its name is whole.
"""

from __future__ import annotations

import errno
import hashlib
import os
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
from stemgmd_tools.audio.library import LIBRARY_ERRORS, Pcm, reason
from stemgmd_tools.errors import AudioError
from stemgmd_tools.signals import signals_held

TEMPORARY_SUFFIX: Final = ".part"
"""Ending of a file that is being written."""

_SUBTYPE: Final = {"int16": "PCM_16", "int24": "PCM_24", "float32": "FLOAT"}
_WAV_BYTES: Final = (1 << 32) - (1 << 12)
"""Samples that a WAV file can hold: its sizes have 32 bits."""
_HIGHEST_FLAC_LEVEL: Final = 8
_SET_ADD_PEAK_CHUNK: Final = 0x1050  # of libsndfile; soundfile has no method for it
_HASH_CHUNK_BYTES: Final = 1 << 20
_BUFFER_BYTES: Final = 1 << 18


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as ``sha256sum`` prints it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file in one step: it appears whole under its name or not at all.

    :raises AudioError: if it cannot be written.
    """
    temporary = _temporary_beside(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        with suppress(OSError):  # where a folder should be is a file
            temporary.unlink(missing_ok=True)
        raise _write_failure(path, error) from error


def copy_file(source: Path, target: Path, *, link: bool = False) -> None:
    """Copy a file; the copy appears whole under its name or not at all.

    :param link: give the file a second name instead, where the file system can.
    :raises AudioError: if the copy cannot be written.
    """
    temporary = _temporary_beside(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (link and _linked(source, temporary)):
            shutil.copyfile(source, temporary)
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise _write_failure(target, error) from error


def _linked(source: Path, target: Path) -> bool:
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


class _Sink:
    """The file libsndfile writes to. It keeps the system's first failure, of which libsndfile tells little."""

    def __init__(self, path: Path) -> None:
        """Open the file for writing and reading back."""
        self._file = BufferedRandom(FileIO(path, "w+"), _BUFFER_BYTES)
        self.error: OSError | None = None

    def write(self, data: bytes) -> int:
        """Write; after a failure pretend to, so that libsndfile comes to an end and the failure can be raised."""
        if self.error is None:
            try:
                self._file.write(data)
            except OSError as error:
                self.error = error
        return len(data)

    def readinto(self, buffer: bytearray) -> int:
        """Fill ``buffer`` from the file (libsndfile asks the object for this method)."""
        return self._file.readinto(buffer)

    def read(self, size: int = -1) -> bytes:
        """Read from the file."""
        return self._file.read(size)

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move in the file; what is buffered is written first, and may fail as in :meth:`write`."""
        try:
            return self._file.seek(offset, whence)
        except OSError as error:
            self.error = self.error or error
            return offset

    def tell(self) -> int:
        """Return the place in the file."""
        return self._file.tell()

    def close(self) -> None:
        """Flush and close the file, keeping a failure to do so."""
        try:
            self._file.close()
        except OSError as error:
            self.error = self.error or error


class TrackWriter:
    """Streams one track to a temporary file beside its target.

    Use as a context manager: leaving it after an error removes the temporary file.

    :param path: the target; its folder is made if needed.
    :param sample_format: ``int16``, ``int24`` or ``float32`` (float32 receives integers on the 24-bit grid).
    :param container: ``wav``, ``flac``, or ``rf64``: WAV whose sizes have 64 bits, see :func:`wav_container`.
    :raises AudioError: if the file cannot be opened or written; a full disk is named as such.
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
        self._temporary = _temporary_beside(path)
        level = flac_level / _HIGHEST_FLAC_LEVEL if container == "flac" else None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._sink = _Sink(self._temporary)
            with signals_held():
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
            raise _write_failure(path, error) from error

    def write(self, block: Pcm) -> None:
        """Append integer samples of shape (frames, channels), on the grid of the track's format."""
        try:
            with signals_held():
                self._file.write(self._as_written(block))
        except LIBRARY_ERRORS as error:
            raise _write_failure(self.path, self._sink.error or error) from error
        self._raise_if_failed()

    def _as_written(self, block: Pcm) -> NDArray[Any]:
        if self._sample_format == "int16":
            return block
        if self._sample_format == "int24":
            return block << 8  # libsndfile keeps the upper 24 of 32 bits
        return block.astype(np.float32) / np.float32(units.full_scale(24))

    def close(self) -> tuple[str, int]:
        """Finish the temporary file; return the SHA-256 of its bytes and their number."""
        try:
            self._close()
            self._raise_if_failed()
            return file_sha256(self._temporary), self._temporary.stat().st_size
        except LIBRARY_ERRORS as error:
            raise _write_failure(self.path, error) from error

    def commit(self) -> None:
        """Give the finished file its name."""
        self._temporary.replace(self.path)

    def __enter__(self) -> TrackWriter:
        """Return the writer itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was not committed."""
        self._close()
        self._temporary.unlink(missing_ok=True)

    def _close(self) -> None:
        with signals_held():
            self._file.close()
            self._sink.close()

    def _raise_if_failed(self) -> None:
        if self._sink.error is not None:
            raise _write_failure(self.path, self._sink.error) from self._sink.error


def commit_all(writers: Sequence[TrackWriter]) -> None:
    """Give finished files their names, all of them: Ctrl-C has to wait."""
    with signals_held():
        for writer in writers:
            writer.commit()


def wav_container(frames: int, channels: int, sample_format: str) -> str:
    """Return the container for that much sound: ``wav``, or ``rf64`` if it would hold more than 4 GiB."""
    width = {"int16": 2, "int24": 3, "float32": 4}[sample_format]
    return "wav" if frames * channels * width <= _WAV_BYTES else "rf64"


def _leave_out_peaks(file: soundfile.SoundFile) -> None:
    """Keep libsndfile from adding a chunk of peaks: it holds the time of day, so no two files would be equal."""
    soundfile._snd.sf_command(file._file, _SET_ADD_PEAK_CHUNK, soundfile._ffi.NULL, 0)  # noqa: SLF001 - no other way


def _temporary_beside(path: Path) -> Path:
    """Return the name under which this process writes a file before it is whole."""
    return path.with_name(f"{path.name}.{os.getpid()}{TEMPORARY_SUFFIX}")


def _write_failure(path: Path, error: Exception) -> AudioError:
    """Say in one line why a file could not be written."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AudioError(f"{path}: the disk is full; make room and run the same command again")
    return AudioError(f"{path}: cannot be written ({reason(error)})")
