"""Detect truncated audio files, which decoders do not check."""

from __future__ import annotations

import os
from typing import BinaryIO, Final

from stemgmd_tools.audio.containers import layout_of
from stemgmd_tools.audio.mpeg import mp3_end

_OGG_PAGE: Final = b"OggS"
_OGG_HEADER_BYTES: Final = 27
_LONGEST_OGG_PAGE: Final = _OGG_HEADER_BYTES + 255 + 255 * 255
_LAST_PAGE: Final = 4
"""Flag of the last page of an Ogg stream."""


def fault_at_end(file: BinaryIO) -> str | None:
    """Return a description of the missing end of a file, or None if nothing is known to be missing.

    WAV, RF64, Wave64, AIFF, AU and CAF state the bytes of their samples. MP3 states the bytes of its frames in a Xing
    or Info header; without one, only the last frame is checked. The last page of an Ogg stream is marked as the last.
    FLAC states its frames, which the decoder counts.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    magic = file.read(4)
    if magic == _OGG_PAGE:
        return _ogg_fault(file, size)
    layout = layout_of(file)
    if layout is None:
        return _missing(mp3_end(file, size), size)
    return None if layout.size is None else _missing(layout.start + layout.size, size)


def _missing(end: int | None, size: int) -> str | None:
    """Return how many bytes a file of ``size`` bytes lacks, as text."""
    return None if end is None or end <= size else f"{end - size} bytes are missing at its end"


def _ogg_fault(file: BinaryIO, size: int) -> str | None:
    start = max(0, size - 2 * _LONGEST_OGG_PAGE)
    file.seek(start)
    tail = file.read()
    place = tail.rfind(_OGG_PAGE)
    header = tail[place : place + _OGG_HEADER_BYTES]
    if place < 0 or len(header) < _OGG_HEADER_BYTES:
        return "its last page is missing"
    lengths = tail[place + _OGG_HEADER_BYTES :][: header[26]]
    if len(lengths) < header[26]:
        return "its last page is missing"
    end = start + place + _OGG_HEADER_BYTES + len(lengths) + sum(lengths)
    return _missing(end, size) or (None if header[5] & _LAST_PAGE else "its last page is missing")
