"""Read the headers of uncompressed audio files: sample coding, position and stated size of the samples.

libsndfile does not report truncated files, reads nothing from files whose sizes were never filled in, and needs to seek
in most formats. Therefore this module reads the headers itself.

Sources: Microsoft's *Multiple Channel Audio Data and WAVE Files*, EBU Tech 3306 (RF64), ITU-R BS.2088 (BW64), Sony's
Wave64, Apple's AIFF-C and CAF, Sun's AU.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import BinaryIO, Final, Literal, NamedTuple

Endian = Literal["LITTLE", "BIG"]

_ORDER: Final[dict[Endian, str]] = {"LITTLE": "<", "BIG": ">"}
_INTEGERS: Final = {16: "PCM_16", 24: "PCM_24", 32: "PCM_32"}
_FLOATS: Final = {32: "FLOAT", 64: "DOUBLE"}
_WAVE_SUBTYPES: Final = {
    **{(1, bits): name for bits, name in {8: "PCM_U8", **_INTEGERS}.items()},
    **{(3, bits): name for bits, name in _FLOATS.items()},
    (6, 8): "ALAW",
    (7, 8): "ULAW",
}
"""Format tag and bits of a sample -> libsndfile's name."""
_EXTENSIBLE: Final = 0xFFFE
_AU_SUBTYPES: Final = {
    1: ("ULAW", 1),
    2: ("PCM_S8", 1),
    3: ("PCM_16", 2),
    4: ("PCM_24", 3),
    5: ("PCM_32", 4),
    6: ("FLOAT", 4),
    7: ("DOUBLE", 8),
    27: ("ALAW", 1),
}
_AIFC_FLOATS: Final = {b"fl32": "FLOAT", b"FL32": "FLOAT", b"fl64": "DOUBLE", b"FL64": "DOUBLE"}
_STREAMED: Final = ((0x7FFF_0000, 0x8000_0000), (0xFFFF_0000, 0xFFFF_FFFF))
"""Ranges of placeholder sizes that ALSA, SoX and ffmpeg write when the size is unknown."""
_UNKNOWN: Final = (1 << 64) - 1
_MOST_CHUNKS: Final = 10_000
"""Maximum number of chunks that are read from a header."""
_W64_RIFF: Final = bytes.fromhex("726966662e91cf11a5d628db04c10000")
_ASF: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
"""First bytes of WMA files."""
_W64_TAIL: Final = bytes.fromhex("f3acd3118cd100c04f8edb8a")
"""Bytes after the four letters of a Wave64 chunk's name."""


class Coding(NamedTuple):
    """Coding of the samples of a file."""

    subtype: str | None
    """libsndfile's name; None for codings that are not supported here."""
    endian: Endian
    sample_rate: int
    channels: int
    frame_bytes: int


class Layout(NamedTuple):
    """Position and coding of the samples of a file."""

    coding: Coding
    start: int
    """Byte of the first sample."""
    size: int | None
    """Bytes that the header states; None if it states no size, so that the samples reach to the end of the file."""


def layout_of(file: BinaryIO) -> Layout | None:
    """Return the layout that the header of a file states.

    :return: None for formats without such a header (FLAC, OGG, MP3), and for truncated or invalid headers.
    """
    file.seek(0)
    magic = file.read(16)
    try:
        if magic[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and magic[8:12] == b"WAVE":
            return _wave(file, "BIG" if magic[:4] == b"RIFX" else "LITTLE", int.from_bytes(magic[4:8], "little"))
        if magic[:4] == b"FORM" and magic[8:12] not in (b"AIFF", b"AIFC"):
            return None
        reader = {_W64_RIFF[:4]: _wave64, b"FORM": _aiff, b".snd": _au, b"caff": _caf}.get(magic[:4])
        return None if reader is None else reader(file)
    except (struct.error, KeyError, ZeroDivisionError, OverflowError):
        return None


def is_audio(head: bytes) -> bool:
    """Return whether the first 16 bytes of a file are those of an audio file."""
    return (
        head[:4] in (b"fLaC", b"OggS", b"caff", b".snd")
        or head[:3] == b"ID3"
        or head[4:11] == b"ftypM4A"
        or (head[:4] in (b"RIFF", b"RIFX", b"RF64", b"BW64") and head[8:12] == b"WAVE")
        or (head[:4] == b"FORM" and head[8:12] in (b"AIFF", b"AIFC"))
        or head in (_W64_RIFF, _ASF)
    )


def _unpack(form: str, content: bytes) -> tuple[int, ...]:
    """Unpack the beginning of ``content``."""
    return struct.unpack(form, content[: struct.calcsize(form)])


class _Chunk(NamedTuple):
    name: bytes
    size: int
    start: int


def _chunks(file: BinaryIO, place: int, form: str, *, even: bool = True) -> Iterator[_Chunk]:
    """Yield the chunks from ``place`` on, using their stated sizes.

    :param form: of a chunk's header: name and size.
    """
    width = struct.calcsize(form)
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        name, size = struct.unpack(form, file.read(width))
        yield _Chunk(name, size, place + width)
        place += width + size + (size % 2 if even else 0)


def _content(file: BinaryIO, chunk: _Chunk) -> bytes:
    """Read the part of a chunk that describes the samples."""
    file.seek(chunk.start)
    return file.read(min(chunk.size, 64))


def _is_streamed(size: int) -> bool:
    return any(first <= size <= last for first, last in _STREAMED)


def _wave(file: BinaryIO, endian: Endian, riff_size: int) -> Layout | None:
    coding: Coding | None = None
    long_size: int | None = None
    for chunk in _chunks(file, 12, f"{_ORDER[endian]}4sI"):
        if chunk.name == b"ds64":
            long_size = _unpack("<QQ", _content(file, chunk))[1]
        elif chunk.name == b"fmt ":
            coding = _wave_coding(_content(file, chunk), endian)
        elif chunk.name == b"data":
            if coding is None:
                return None
            size: int | None = chunk.size
            if long_size is not None and chunk.size == 0xFFFF_FFFF:
                size = None if long_size in (0, _UNKNOWN) else long_size
            elif _is_streamed(chunk.size) or (chunk.size == 0 and _is_unfinished(riff_size, chunk)):
                size = None
            return Layout(coding, chunk.start, size)
    return None


def _is_unfinished(riff_size: int, data: _Chunk) -> bool:
    """Return whether the sizes of a file with a data size of 0 were never filled in."""
    return _is_streamed(riff_size) or riff_size + 8 <= data.start


def _wave_coding(content: bytes, endian: Endian) -> Coding:
    order = _ORDER[endian]
    tag, channels, rate, _, frame_bytes, bits = _unpack(f"{order}HHIIHH", content)
    if tag == _EXTENSIBLE:
        tag = _unpack(f"{order}H", content[24:])[0]
    plain = frame_bytes * 8 == channels * bits
    return Coding(_WAVE_SUBTYPES.get((tag, bits)) if plain else None, endian, rate, channels, frame_bytes)


def _wave64(file: BinaryIO) -> Layout | None:
    coding: Coding | None = None
    place = 40
    for _ in range(_MOST_CHUNKS):
        file.seek(place)
        name, size = struct.unpack("<16sQ", file.read(24))
        chunk = _Chunk(name[:4] if name[4:] == _W64_TAIL else b"", size - 24, place + 24)
        if chunk.name == b"fmt ":
            coding = _wave_coding(_content(file, chunk), "LITTLE")
        elif chunk.name == b"data":
            unknown = size <= 24 or size >= 1 << 62
            return None if coding is None else Layout(coding, chunk.start, None if unknown else chunk.size)
        place += max(24, -(-size // 8) * 8)
    return None


def _aiff(file: BinaryIO) -> Layout | None:
    coding: Coding | None = None
    for chunk in _chunks(file, 12, ">4sI"):
        if chunk.name == b"COMM":
            coding = _aiff_coding(_content(file, chunk))
        elif chunk.name == b"SSND":
            if coding is None:
                return None
            offset = _unpack(">I", _content(file, _Chunk(b"", 4, chunk.start)))[0]
            unknown = chunk.size <= 8 or _is_streamed(chunk.size)
            return Layout(coding, chunk.start + 8 + offset, None if unknown else chunk.size - 8 - offset)
    return None


def _aiff_coding(content: bytes) -> Coding:
    channels, _, bits = _unpack(">hIh", content)
    exponent, mantissa = struct.unpack(">HQ", content[8:18])
    rate = round(mantissa * 2.0 ** ((exponent & 0x7FFF) - 16383 - 63))
    kind = content[18:22] or b"NONE"
    width = -(-bits // 8) * 8
    names = {8: "PCM_S8", **_INTEGERS}
    subtype = _AIFC_FLOATS.get(kind, names.get(width) if kind in (b"NONE", b"twos", b"sowt") else None)
    return Coding(subtype, "LITTLE" if kind == b"sowt" else "BIG", rate, channels, channels * width // 8)


def _au(file: BinaryIO) -> Layout | None:
    file.seek(4)
    start, size, encoding, rate, channels = struct.unpack(">IIIII", file.read(20))
    subtype, width = _AU_SUBTYPES.get(encoding, (None, 1))
    known = None if size == 0 or _is_streamed(size) else size
    return Layout(Coding(subtype, "BIG", rate, channels, channels * width), start, known)


def _caf(file: BinaryIO) -> Layout | None:
    coding: Coding | None = None
    for chunk in _chunks(file, 8, ">4sQ", even=False):
        if chunk.name == b"desc":
            coding = _caf_coding(_content(file, chunk))
        elif chunk.name == b"data":
            unknown = chunk.size <= 4 or chunk.size >= 1 << 63
            return None if coding is None else Layout(coding, chunk.start + 4, None if unknown else chunk.size - 4)
    return None


def _caf_coding(content: bytes) -> Coding:
    rate, kind, flags, frame_bytes, _, channels, bits = struct.unpack(">d4sIIIII", content[:32])
    floats, little = bool(flags & 1), bool(flags & 2)
    names = _FLOATS if floats else {8: "PCM_S8", **_INTEGERS}
    plain = kind == b"lpcm" and frame_bytes * 8 == channels * bits
    return Coding(
        names.get(bits) if plain else None, "LITTLE" if little else "BIG", round(rate), channels, max(1, frame_bytes)
    )
