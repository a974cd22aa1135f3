"""Read the structure of a SoundFont file: RIFF chunks and the tables of presets, instruments and samples.

Source: *SoundFont Technical Specification*, version 2.04, E-mu Systems, sections 4 to 7. Tables are arrays of records
of a fixed size. SF3 is the same with Ogg Vorbis in place of the samples (MuseScore, FluidSynth).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import KitError, shown

LARGEST_TABLES: Final = 64 << 20
"""Bytes of all tables together; those of banks of 1 GB have 2 MB."""
_LARGEST_TEXT: Final = 64 << 10
_MOST_CHUNKS: Final = 1_000
VORBIS: Final = 0x10
"""Flag of the type of a sample: its content is Ogg Vorbis, and its limits count bytes."""

Records: TypeAlias = NDArray[np.void]
"""Shape (records,), fields as in :data:`_RECORDS`."""

_BAG: Final = [("generator", "<u2"), ("modulator", "<u2")]
_GENERATOR: Final = [("operator", "<u2"), ("amount", "<i2")]
_MODULATOR: Final = [
    ("source", "<u2"), ("destination", "<u2"), ("amount", "<i2"), ("amount_source", "<u2"), ("transform", "<u2"),
]  # fmt: skip
_RECORDS: Final = {
    b"phdr": np.dtype(
        [
            ("name", "S20"), ("preset", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("library", "<u4"), ("genre", "<u4"),
            ("morphology", "<u4"),
        ]
    ),
    b"pbag": np.dtype(_BAG),
    b"pmod": np.dtype(_MODULATOR),
    b"pgen": np.dtype(_GENERATOR),
    b"inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    b"ibag": np.dtype(_BAG),
    b"imod": np.dtype(_MODULATOR),
    b"igen": np.dtype(_GENERATOR),
    b"shdr": np.dtype(
        [
            ("name", "S20"), ("start", "<u4"), ("end", "<u4"), ("loop_start", "<u4"), ("loop_end", "<u4"),
            ("rate", "<u4"), ("root", "u1"), ("correction", "i1"), ("link", "<u2"), ("type", "<u2"),
        ]
    ),
}  # fmt: skip


class Extent(NamedTuple):
    """Position of the content of a chunk in the file."""

    start: int
    size: int


class Tables(NamedTuple):
    """Presets or instruments with their zones."""

    headers: Records
    """With a last one that ends the list."""
    bags: Records
    generators: Records
    modulators: Records


@dataclass(frozen=True)
class SoundFont:
    """The structure of a file, without its samples."""

    path: Path
    presets: Tables
    instruments: Tables
    samples: Records
    """With a last one that ends the list."""
    low: Extent
    """Samples, 16 bits each; Ogg Vorbis in SF3."""
    extra: Extent | None
    """Lower 8 bits of samples with 24 bits."""
    info: dict[str, str]
    """Texts about the file: ``INAM`` its name, ``ICOP`` its copyright, ``IENG`` its makers, ``ICMT`` comments."""


def name_of(record: np.void) -> str:
    """Return the name in a record, without control characters."""
    return _text(bytes(record["name"]))


def read_structure(path: Path) -> SoundFont:
    """Read the tables of a SoundFont.

    :raises KitError: if the file cannot be read, is no SoundFont or is damaged.
    """
    try:
        with path.open("rb") as file:
            return _read(path, file)
    except (OSError, ValueError) as error:
        raise KitError(f"{shown(path)}: cannot be read ({error})") from error


def is_soundfont(path: Path) -> bool:
    """Return whether a file begins as a SoundFont does."""
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except (OSError, ValueError):
        return False
    return head[:4] == b"RIFF" and head[8:] == b"sfbk"


def _read(path: Path, file: BinaryIO) -> SoundFont:
    size = os.fstat(file.fileno()).st_size
    head = file.read(12)
    if head[:4] != b"RIFF" or head[8:] != b"sfbk":
        raise KitError(f"{shown(path)}: is no SoundFont; allowed: RIFF files of the kind sfbk, .sf2 and .sf3")
    tables: dict[bytes, Records] = {}
    sounds: dict[bytes, Extent] = {}
    info: dict[str, str] = {}
    for kind, name, extent in _chunks(path, file, size):
        if kind == b"sdta":
            sounds.setdefault(name, extent)
        elif kind == b"pdta" and name in _RECORDS:
            tables.setdefault(name, _records(path, file, name, extent))
        elif kind == b"INFO" and name not in (b"ifil", b"iver"):
            file.seek(extent.start)
            info.setdefault(_text(name), _text(file.read(min(extent.size, _LARGEST_TEXT))))
    for name in _RECORDS:
        if name not in tables:
            raise KitError(f"{shown(path)}: lacks its table {name.decode()}; copy or download the file again")
    if b"smpl" not in sounds:
        raise KitError(f"{shown(path)}: lacks its samples; copy or download the file again")
    low, extra = sounds[b"smpl"], sounds.get(b"sm24")
    return SoundFont(
        path=path,
        presets=Tables(*(tables[name] for name in (b"phdr", b"pbag", b"pgen", b"pmod"))),
        instruments=Tables(*(tables[name] for name in (b"inst", b"ibag", b"igen", b"imod"))),
        samples=tables[b"shdr"],
        low=low,
        extra=extra if extra is not None and extra.size >= low.size // 2 else None,
        info=info,
    )


def _chunks(path: Path, file: BinaryIO, size: int) -> Iterator[tuple[bytes, bytes, Extent]]:
    """Yield the kind of list, the name and the extent of each chunk in a list of the file."""
    place, count = 12, 0
    while place + 12 <= size:
        name, length, kind = _header(file, place)
        end, length_is_odd = place + 8 + length, length % 2 == 1
        if end > size:
            raise KitError(
                f"{shown(path)}: is cut short: its part {_text(kind)} has {length:,} bytes, {size - place - 8:,} are "
                "there; copy or download the file again"
            )
        inner = place + 12
        while name == b"LIST" and inner + 8 <= end:
            chunk, length = struct.unpack("<4sI", _header_bytes(file, inner, 8))
            if inner + 8 + length > end:
                raise KitError(f"{shown(path)}: its table {_text(chunk)} is damaged; copy or download the file again")
            yield kind, chunk, Extent(inner + 8, length)
            inner += 8 + length + length % 2
            count += 1
            if count > _MOST_CHUNKS:
                raise KitError(f"{shown(path)}: has more than {_MOST_CHUNKS:,} parts; it is damaged")
        # MuseScore pads no part of an odd length.
        place = end + (length_is_odd and _header_bytes(file, end, 4) != b"LIST")
        count += 1
        if count > _MOST_CHUNKS:
            raise KitError(f"{shown(path)}: has more than {_MOST_CHUNKS:,} parts; it is damaged")


def _header_bytes(file: BinaryIO, place: int, size: int) -> bytes:
    file.seek(place)
    return file.read(size).ljust(size, b"\0")


def _header(file: BinaryIO, place: int) -> tuple[bytes, int, bytes]:
    name, length, kind = struct.unpack("<4sI4s", _header_bytes(file, place, 12))
    return name, length, kind


def _records(path: Path, file: BinaryIO, name: bytes, extent: Extent) -> Records:
    record = _RECORDS[name]
    if extent.size > LARGEST_TABLES:
        raise KitError(f"{shown(path)}: its table {name.decode()} has {extent.size:,} bytes, more than any bank needs")
    file.seek(extent.start)
    content = file.read(extent.size)
    records: Records = np.frombuffer(content, record, count=len(content) // record.itemsize)
    if len(content) % record.itemsize or not len(records):
        raise KitError(
            f"{shown(path)}: its table {name.decode()} has {len(content):,} bytes, no multiple of {record.itemsize}; "
            "copy or download the file again"
        )
    return records


def _text(content: bytes) -> str:
    text = content.partition(b"\0")[0].decode("utf-8", "replace")
    return "".join(letter if letter.isprintable() else " " for letter in text).strip()
