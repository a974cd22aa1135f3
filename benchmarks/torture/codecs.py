"""How the readable part of a file is taken out and put back, so that damage gets past lengths and checksums."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, Protocol


class Codec(Protocol):
    """Two functions that undo each other."""

    def inside(self, content: bytes) -> bytes:
        """Return what is to be damaged."""
        ...

    def outside(self, content: bytes, damaged: bytes) -> bytes:
        """Return the file with that in place of what was there."""
        ...


class Plain(NamedTuple):
    """All of the file."""

    def inside(self, content: bytes) -> bytes:
        """Return the file."""
        return content

    def outside(self, content: bytes, damaged: bytes) -> bytes:
        """Return the damaged file."""
        del content
        return damaged


class Sealed(NamedTuple):
    """A record: a line with the SHA-256 of what follows, which is made anew."""

    def inside(self, content: bytes) -> bytes:
        """Return what follows the first line."""
        return content.partition(b"\n")[2]

    def outside(self, content: bytes, damaged: bytes) -> bytes:
        """Return the damaged record under a right seal."""
        del content
        return hashlib.sha256(damaged).hexdigest().encode() + b"\n" + damaged


class SafetensorsHeader(NamedTuple):
    """The JSON at the start of a safetensors file; its length is made anew."""

    def inside(self, content: bytes) -> bytes:
        """Return the header."""
        return content[8 : 8 + _length(content)]

    def outside(self, content: bytes, damaged: bytes) -> bytes:
        """Return the file with another header."""
        return len(damaged).to_bytes(8, "little") + damaged + content[8 + _length(content) :]


def _length(content: bytes) -> int:
    return int.from_bytes(content[:8], "little")


PLAIN: Codec = Plain()
