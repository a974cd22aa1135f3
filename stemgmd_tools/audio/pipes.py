"""Sound from pipes, which cannot seek: decoded as it comes where its header says how, else put in a temporary file."""

from __future__ import annotations

import io
import os
import tempfile
from typing import BinaryIO, Final, Protocol

from stemgmd_tools.audio.containers import Layout, layout_of
from stemgmd_tools.errors import AudioError

_HEAD_BYTES: Final = 1 << 14
"""Header of a sound that is decoded as it comes: 0.1 s of a compact disc."""
_COPIED_BYTES: Final = 1 << 18


class ByteStream(Protocol):
    """What can be read to its end."""

    def read(self, size: int, /) -> bytes:
        """Return so many bytes; fewer at the end."""

    def close(self) -> None:
        """Let go of it."""


class Joined:
    """A stream whose beginning has been read."""

    def __init__(self, head: bytes, stream: ByteStream) -> None:
        """Put ``head`` before what is left of ``stream``."""
        self._head, self._stream = head, stream

    def read(self, size: int) -> bytes:
        """Return so many bytes; fewer at the end."""
        content, self._head = self._head[:size], self._head[size:]
        return content + self._stream.read(size - len(content)) if len(content) < size else content

    def close(self) -> None:
        """Close the stream."""
        self._stream.close()


def read_header(stream: ByteStream) -> tuple[bytes, Layout | None]:
    """Read the beginning of a stream.

    :return: what was read, and where the samples lie; None if they cannot be decoded as they come.
    """
    head = stream.read(_HEAD_BYTES)
    layout = layout_of(io.BytesIO(head))
    plain = layout is not None and layout.coding.subtype is not None and layout.start <= len(head)
    return head, layout if plain else None


def spooled(head: bytes, stream: ByteStream, name: str) -> BinaryIO:
    """Return a temporary file that holds a whole stream; it has no name, so nothing of it stays behind.

    :raises AudioError: if there is no room for it.
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
