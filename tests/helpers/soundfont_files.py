"""Write SoundFont files for tests, record by record, apart from the reader (SoundFont 2.04, sections 4 to 8)."""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

MONO, RIGHT, LEFT, VORBIS = 1, 2, 4, 0x11


def span(low: int, high: int) -> int:
    """Return a range as the amount of a generator."""
    return low | high << 8


@dataclass
class Sample:
    name: str
    pcm: np.ndarray
    """Integers of 16 bits, or of 24 if the file has 24; bytes (uint8) for Ogg Vorbis."""
    rate: int = 22_050
    root: int = 60
    correction: int = 0
    kind: int = MONO
    link: int = 0


Zone = Sequence[tuple[int, int]]
"""Generators and amounts, in their order."""


@dataclass
class Font:
    samples: Sequence[Sample]
    instruments: Mapping[str, Sequence[Zone]]
    presets: Mapping[tuple[str, int, int], Sequence[Zone]]
    """Name, bank and program -> zones."""
    modulators: Mapping[str, Sequence[tuple[int, int, int, int, int]]] = field(default_factory=dict)
    """Instrument -> modulators of its first zone."""
    has_24_bits: bool = False
    padded: bool = True


def _chunk(name: bytes, content: bytes, *, padded: bool = True) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2 if padded else 0)


def _generator(operator: int, amount: int) -> bytes:
    return struct.pack("<HH", operator, amount & 0xFFFF)


def _zones(
    rows: Mapping[object, Sequence[Zone]], modulators: Mapping[object, Sequence[tuple[int, ...]]]
) -> list[bytes]:
    """Return bags, modulators and generators, and the first bag of each row with that of the end."""
    bags, mods, gens, firsts = b"", b"", b"", []
    for name, zones in rows.items():
        firsts.append(len(bags) // 4)
        for number, zone in enumerate(zones):
            bags += struct.pack("<HH", len(gens) // 4, len(mods) // 10)
            gens += b"".join(_generator(*row) for row in zone)
            if number == 0:
                mods += b"".join(struct.pack("<HHhHH", *row) for row in modulators.get(name, ()))
    firsts.append(len(bags) // 4)
    bags += struct.pack("<HH", len(gens) // 4, len(mods) // 10)
    return [bags, mods + bytes(10), gens + bytes(4), firsts]  # type: ignore[list-item]


def soundfont(font: Font) -> bytes:
    """Return a file."""
    low, extra, headers = b"", b"", b""
    for sample in font.samples:
        if sample.kind & 0x10:
            start, low = len(low), low + sample.pcm.tobytes()
            end = len(low)
        else:
            values = sample.pcm.astype(np.int32)
            start = len(low) // 2
            low += (values >> 8 if font.has_24_bits else values).astype("<i2").tobytes() + bytes(92)
            extra += (values & 0xFF).astype(np.uint8).tobytes() + bytes(46)
            end = start + len(values)
        headers += struct.pack(
            "<20sIIIIIBbHH", sample.name.encode(), start, end, start, end, sample.rate, sample.root, sample.correction,
            sample.link, sample.kind,
        )  # fmt: skip
    headers += struct.pack("<20s26x", b"EOS")
    ibag, imod, igen, ifirst = _zones(font.instruments, font.modulators)  # type: ignore[arg-type]
    pbag, pmod, pgen, pfirst = _zones(font.presets, {})  # type: ignore[arg-type]
    inst = b"".join(
        struct.pack("<20sH", name.encode(), first)
        for name, first in zip([*font.instruments, "EOI"], ifirst, strict=True)
    )
    phdr = b"".join(
        struct.pack("<20sHHH12x", name.encode(), program, bank, first)
        for (name, bank, program), first in zip([*font.presets, ("EOP", 0, 0)], pfirst, strict=True)
    )
    tables = {b"phdr": phdr, b"pbag": pbag, b"pmod": pmod, b"pgen": pgen, b"inst": inst, b"ibag": ibag, b"imod": imod,
              b"igen": igen, b"shdr": headers}  # fmt: skip
    info = _chunk(b"ifil", struct.pack("<HH", 2, 4)) + _chunk(b"INAM", b"Toy bank\0") + _chunk(b"ICOP", b"CC0-1.0\0")
    sounds = _chunk(b"smpl", low, padded=font.padded) + (_chunk(b"sm24", extra) if font.has_24_bits else b"")
    content = b"sfbk" + _chunk(b"LIST", b"INFO" + info) + _chunk(b"LIST", b"sdta" + sounds, padded=font.padded)
    content += _chunk(b"LIST", b"pdta" + b"".join(_chunk(name, rows) for name, rows in tables.items()))
    return _chunk(b"RIFF", content)


Limits = tuple[int, int, int, int]
"""Lowest and highest key, lowest and highest velocity."""


def counted(content: bytes, name: str, bank: int, program: int) -> tuple[int, int]:
    """Return how many sounding zones a preset has, and on how many keys and velocities they lie together.

    Everything is read with ``struct`` here, with a walk of its own through chunks and zones.
    """
    tables = _tables(content)
    phdr, inst = tables[b"phdr"], tables[b"inst"]
    rows = [struct.unpack_from("<20sHHH12x20sHHH", phdr, 38 * number) for number in range(len(phdr) // 38 - 1)]
    first, last = next(
        (row[3], row[7])
        for row in rows
        if (row[0].split(b"\0")[0].decode().strip(), row[2], row[1]) == (name, bank, program)
    )
    sounding = area = 0
    for outer, instrument in _own(tables[b"pbag"], tables[b"pgen"], first, last, 41):
        bags = [struct.unpack_from("<H", inst, 22 * (instrument + n) + 20)[0] for n in (0, 1)]
        for inner, _ in _own(tables[b"ibag"], tables[b"igen"], *bags, 53):
            keys = min(outer[1], inner[1]) - max(outer[0], inner[0]) + 1
            velocities = min(outer[3], inner[3], 127) - max(outer[2], inner[2], 1) + 1
            if min(outer[3], inner[3]) >= max(outer[2], inner[2]) and keys > 0:
                sounding += 1
                area += keys * velocities
    return sounding, area


def _tables(content: bytes) -> dict[bytes, bytes]:
    tables: dict[bytes, bytes] = {}
    place = content.rindex(b"pdtaphdr") + 4
    while place + 8 <= len(content):
        kind, size = struct.unpack_from("<4sI", content, place)
        tables[kind] = content[place + 8 : place + 8 + size]
        place += 8 + size + size % 2
    return tables


def _own(bags: bytes, gens: bytes, first: int, last: int, terminal: int) -> list[tuple[Limits, int]]:
    """Return the zones that name something, with the limits of the global zone where they have none."""
    rows = [_limits(bags, gens, bag, terminal) for bag in range(first, last)]
    common = rows[0][0] if rows and rows[0][1] is None else (0, 127, 0, 127)
    return [
        (
            (
                *(limits[:2] if limits[:2] != (0, 127) else common[:2]),
                *(limits[2:] if limits[2:] != (0, 127) else common[2:]),
            ),
            index,
        )
        for limits, index in rows
        if index is not None
    ]


def _limits(bags: bytes, gens: bytes, bag: int, terminal: int) -> tuple[Limits, int | None]:
    low, high = (struct.unpack_from("<H", bags, 4 * (bag + n))[0] for n in (0, 1))
    keys, velocities, index = (0, 127), (0, 127), None
    for row in range(low, high):
        operator, least, most = struct.unpack_from("<HBB", gens, 4 * row)
        if operator == 43:
            keys = (least, most)
        elif operator == 44:
            velocities = (least, most)
        elif operator == terminal:
            index = least | most << 8
    return (*keys, *velocities), index
