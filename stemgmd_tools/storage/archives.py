"""Read zip and tar archives that may be damaged or hostile."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from typing import Any, BinaryIO, Final, cast

BAD_ARCHIVE: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    RuntimeError,
    UnicodeDecodeError,
    IndexError,
)
"""What :mod:`zipfile` raises for damaged, encrypted or unusual archives, apart from what the system refuses."""
BAD_TAR: Final = (tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, ValueError, OverflowError, RecursionError)
"""What a tar archive raises that is read through a :class:`TarStream`, apart from what the system refuses."""
MAX_HEADER_BYTES: Final = 1 << 20
"""Most bytes that are read at once. An archive may claim that its next header has gigabytes."""

_PADDING_BYTES: Final = 16 << 20
"""Most bytes after the last file; archives are padded to a multiple of some 10 kB."""
_MAGIC_BYTES: Final = 8
_COMPRESSED: Final[tuple[tuple[bytes, Callable[..., Any]], ...]] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ", lzma.open),
)


def decompressed(file: BinaryIO) -> BinaryIO:
    """Return a stream of the rest of a file, decompressed while it is read if it is gzip, bzip2 or xz."""
    place = file.tell()
    beginning = file.read(_MAGIC_BYTES)
    file.seek(place)
    for magic, opener in _COMPRESSED:
        if beginning.startswith(magic):
            return cast(BinaryIO, opener(file, "rb"))
    return file


class PartOfFile(io.RawIOBase):
    """A number of bytes of a file from where it is, as a file of its own."""

    def __init__(self, file: BinaryIO, size: int) -> None:
        """Start at the file's place."""
        super().__init__()
        self._file, self._start, self._size = file, file.tell(), size
        self._place = 0

    def readable(self) -> bool:
        """Return True."""
        return True

    def seekable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: Any, /) -> int:
        """Read the next bytes."""
        self._file.seek(self._start + self._place)
        content = self._file.read(max(0, min(len(buffer), self._size - self._place)))
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go to a place."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._size}[whence]
        self._place = max(0, base + offset)
        return self._place

    def tell(self) -> int:
        """Return the place."""
        return self._place


class TarStream(io.RawIOBase):
    """A tar archive for :mod:`tarfile`, read once from its start to its end, however it is compressed.

    Its limits keep an archive from taking memory or time without end: blocks, the whole, the direction. The failures of
    the file below are failures of the archive.

    :param most_bytes: largest number of bytes that are read of it.
    """

    def __init__(self, file: BinaryIO, most_bytes: int) -> None:
        """Start where the file is."""
        super().__init__()
        self._file, self._most_bytes = file, most_bytes
        self._place = 0
        self._last = b""
        self._repeated = False

    def read(self, size: int = -1, /) -> bytes:
        """Return the next bytes."""
        if not 0 <= size <= MAX_HEADER_BYTES:
            raise tarfile.ReadError(f"a header of {size} bytes")
        again = b""
        if self._repeated and size:
            again, self._repeated = self._last, False
        try:
            content = again + self._file.read(size - len(again))
        except OSError as error:
            raise tarfile.ReadError(str(error)) from error
        self._place += len(content)
        self._last = content[-1:] or self._last
        if self._place > self._most_bytes:
            raise tarfile.ReadError(f"more than {self._most_bytes >> 30} GB")
        return content

    def seek(self, offset: int, whence: int = io.SEEK_SET, /) -> int:
        """Go forward, or back by the single byte by which :mod:`tarfile` looks for the end."""
        if whence != io.SEEK_SET or offset < self._place - 1:
            raise tarfile.ReadError("a part that lies before the one that was read")
        if offset == self._place - 1:
            if self._repeated:
                raise tarfile.ReadError("a part that lies before the one that was read")
            self._place, self._repeated = offset, True
        while self._place < offset:
            if not self.read(min(offset - self._place, MAX_HEADER_BYTES)):
                break
        return self._place

    def tell(self) -> int:
        """Return how many bytes were read."""
        return self._place

    def read_to_end(self) -> None:
        """Read what follows the last file, where compressed files keep their checksum.

        :raises tarfile.ReadError: if the checksum is wrong, or more follows than an archive is padded with.
        """
        end = self._place + _PADDING_BYTES
        while self.read(MAX_HEADER_BYTES):
            if self._place > end:
                raise tarfile.ReadError("other data after its end")
