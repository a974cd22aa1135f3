"""Count the zones of SoundFont files apart from the reader."""

from __future__ import annotations

import struct

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
