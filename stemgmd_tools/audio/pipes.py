"""Read audio from pipes: uncompressed formats are streamed, others are copied to a temporary file."""

from __future__ import annotations

import io
import os
import tempfile
from typing import BinaryIO, Final, Protocol

from stemgmd_tools.audio.containers import Layout, layout_of
from stemgmd_tools.errors import AudioError

_HEAD_BYTES: Final = 1 << 14
"""Bytes searched for the header of a stream: 0.1 s of a compact disc."""
_COPIED_BYTES: Final = 1 << 18


class ByteStream(Protocol):
    """A readable stream."""

    def read(self, size: int, /) -> bytes:
        """Return ``size`` bytes; fewer at the end."""

    def close(self) -> None:
        """Close the stream."""


class Joined:
    """A stream whose beginning has been read already."""

    def __init__(self, head: bytes, stream: ByteStream) -> None:
        """Join the bytes ``head`` and the rest of ``stream``."""
        self._head, self._stream = head, stream

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes; fewer at the end."""
        content, self._head = self._head[:size], self._head[size:]
        return content + self._stream.read(size - len(content)) if len(content) < size else content

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


def read_header(stream: ByteStream) -> tuple[bytes, Layout | None]:
    """Read the beginning of a stream.

    :return: the bytes read, and the layout of the samples; None if the stream needs a temporary file.
    """
    head = stream.read(_HEAD_BYTES)
    layout = layout_of(io.BytesIO(head))
    plain = layout is not None and layout.coding.subtype is not None and layout.start <= len(head)
    return head, layout if plain else None


def spooled(head: bytes, stream: ByteStream, name: str) -> BinaryIO:
    """Return an unnamed temporary file with the content of a stream.

    :raises AudioError: if the disk is full.
    """
    try:
        with tempfile.TemporaryFile() as file:
            file.write(head)
            while content := stream.read(_COPIED_BYTES):
                file.write(content)
            file.flush()
            os.lseek(file.fileno(), 0, os.SEEK_SET)
            return os.fdopen(os.dup(file.fileno()), "rb")
    except OSError as error:
        raise AudioError(
            f"{name}: its format needs a file, and {tempfile.gettempdir()} cannot hold it ({error.strerror}); "
            "set TMPDIR to a folder with room, or give the file itself"
        ) from error
