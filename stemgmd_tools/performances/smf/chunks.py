"""Read the chunks of a Standard MIDI File."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances.smf.track import TRACK, Repairs, Span, TrackReader

_HEADER: Final = b"MThd"
_CHUNK_HEADER_BYTES: Final = 8
"""Header of every chunk: four bytes of name, four of length."""
_HEADER_BYTES: Final = 6
"""Content of the header chunk: type, number of tracks, division."""
_SEARCHED_BYTES: Final = 1024
"""Bytes searched for the header: MacBinary puts 128 bytes before it, other software a line of text."""
_SHOWN_BYTES: Final = 16
_LAST_TYPE: Final = 2


@dataclass(frozen=True, slots=True)
class Header:
    """Content of the header chunk."""

    type: int
    tracks: int
    division: int
    """Ticks per beat; below 0, SMPTE time: minus frames per second in the upper byte, ticks per frame in the lower."""
    end: int
    """Position of the next chunk."""


def unwrapped(data: bytes, repairs: Repairs) -> bytes:
    """Return the MIDI file in a RIFF wrapper (RMID), or ``data`` if there is none."""
    if data[:4] != b"RIFF" or data[8:12] != b"RMID":
        return data
    repairs.add("it was read from a RIFF wrapper")
    position = 12
    while position + _CHUNK_HEADER_BYTES <= len(data):
        start = position + _CHUNK_HEADER_BYTES
        length = int.from_bytes(data[position + 4 : start], "little")
        if data[position : position + 4] == b"data":
            return data[start : start + length]
        position = start + length + length % 2
    return b""


def read_header(data: bytes, where: str, repairs: Repairs) -> Header:
    """Return the header of a file.

    :raises PerformanceError: if the file has no header.
    """
    begin = data.find(_HEADER, 0, _SEARCHED_BYTES)
    if begin < 0:
        beginning = f"it starts with {data[:_SHOWN_BYTES]!r}" if data else "it is empty"
        raise PerformanceError(f"{where}: not a Standard MIDI File ({beginning}); replace the file")
    if begin:
        repairs.add(f"{begin} bytes before the header were skipped")
    start = begin + _CHUNK_HEADER_BYTES
    content = data[start : start + _HEADER_BYTES]
    if len(content) < _HEADER_BYTES:
        raise PerformanceError(f"{where}: not a whole Standard MIDI File (it ends within its header); replace the file")
    stated = int.from_bytes(data[begin + 4 : start])
    end = start + stated
    if stated < _HEADER_BYTES or not _is_boundary(data, end):
        following = data.find(TRACK, start + _HEADER_BYTES)
        if following >= 0:
            repairs.add("the stated length of the header is wrong")
        end = following if following >= 0 else len(data)
    type_ = int.from_bytes(content[:2])
    if type_ > _LAST_TYPE:
        repairs.add(f"type {type_} is none, it was read as type 1")
        type_ = 1
    return Header(type_, int.from_bytes(content[2:4]), int.from_bytes(content[4:], signed=True), end)


def read_tracks(data: bytes, position: int, reader: TrackReader, repairs: Repairs) -> int:
    """Read all tracks from ``position`` on, whatever number the header states, and return how many there are."""
    count = 0
    while position < len(data):
        start = position + _CHUNK_HEADER_BYTES
        stated_end = start + int.from_bytes(data[position + 4 : start])
        if data.startswith(TRACK, position) and start > len(data):
            repairs.add("the file ends within a track")
            return count + 1
        if data.startswith(TRACK, position):
            count += 1
            position = reader.read(Span(start, stated_end, _is_boundary(data, stated_end)))
        elif _is_chunk(data, position):
            repairs.add("a chunk that is no track was skipped", repr(data[position : position + 4].decode("ascii")))
            position = stated_end
        else:
            following = data.find(TRACK, position)
            end = following if following >= 0 else len(data)
            if any(data[position:end]):
                repairs.add("bytes that are no chunk were skipped", f"from byte {position:,} on")
            position = end
    return count


def _is_boundary(data: bytes, position: int) -> bool:
    """Return whether a chunk may end at ``position``: the file ends there, or another chunk starts."""
    return position == len(data) or _is_chunk(data, position)


def _is_chunk(data: bytes, position: int) -> bool:
    """Return whether a chunk starts at ``position``: a track of any length, or another one that fits into the file."""
    if data.startswith(TRACK, position):
        return True
    start = position + _CHUNK_HEADER_BYTES
    name = data[position : position + 4]
    is_name = len(name) == 4 and name.isascii() and name.decode("ascii").isprintable()
    return is_name and start + int.from_bytes(data[position + 4 : start]) <= len(data)
