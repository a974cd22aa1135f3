"""Cache parsed performances on disk, so that the 1,150 files of GMD are parsed once.

The key hashes everything that the parsed performances depend on, so a cache file is never stale. A file is the SHA-256
of its archive followed by the archive, NumPy's ``.npz``; a damaged file is detected and written again.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.data import cache_dir
from stemgmd_tools.errors import AudioError
from stemgmd_tools.performances.smf.interpret import ReadCounts, Reading
from stemgmd_tools.performances.tables import CHOKE_DTYPE, HIT_DTYPE, PEDAL_DTYPE, Records
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.storage.npz import read_arrays

READER_VERSION: Final = 3
"""Increase with every change of the parsed content."""

_TABLES: Final = {"hits": HIT_DTYPE, "pedal": PEDAL_DTYPE, "chokes": CHOKE_DTYPE}
_DIGEST_BYTES: Final = hashlib.sha256().digest_size


def cache_key(parts: Sequence[str]) -> str:
    """Return the key of readings that depend on ``parts`` (content hashes, settings) and the version of the reader."""
    text = "\x1f".join((f"reader {READER_VERSION}", *parts))
    return hashlib.sha256(text.encode()).hexdigest()


def load_readings(key: str) -> list[Reading] | None:
    """Return the readings stored under ``key``; None if there are none or they are damaged."""
    try:
        content = _path(key).read_bytes()
    except OSError:
        return None
    digest, archive = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
    if hashlib.sha256(archive).digest() != digest:
        return None
    try:
        return _split(read_arrays(archive))
    except (ValueError, KeyError, TypeError):
        return None


def store_readings(key: str, readings: Sequence[Reading]) -> None:
    """Store ``readings`` under ``key``; do nothing if the cache cannot be written."""
    columns: dict[str, NDArray[np.generic]] = {
        "duration_s": np.array([reading.duration_s for reading in readings]),
        "counts": np.array([reading.counts for reading in readings], dtype=np.int64),
        "repairs": np.array([reading.repairs for reading in readings], dtype=np.str_),
    }
    for name, dtype in _TABLES.items():
        tables: list[Records] = [getattr(reading, name) for reading in readings]
        columns[name] = np.concatenate([np.empty(0, dtype), *tables])
        columns[f"{name}_offset"] = np.cumsum([0, *(len(table) for table in tables)])
    buffer = io.BytesIO()
    np.savez(buffer, allow_pickle=False, **columns)
    archive = buffer.getvalue()
    with suppress(AudioError):
        write_bytes(_path(key), hashlib.sha256(archive).digest() + archive)


def _path(key: str) -> Path:
    return cache_dir() / "performances" / f"{key}.readings"


def _split(columns: dict[str, NDArray[np.generic]]) -> list[Reading]:
    """Split the concatenated tables into readings."""
    parts: dict[str, list[Records]] = {}
    for name, dtype in _TABLES.items():
        table: Records = np.asarray(columns[name], dtype=dtype)
        offset = columns[f"{name}_offset"].tolist()
        parts[name] = [table[start:stop] for start, stop in pairwise(offset)]
    counts = [ReadCounts(*row) for row in columns["counts"].tolist()]
    durations: list[float] = columns["duration_s"].tolist()
    repairs: list[str] = columns["repairs"].tolist()
    return [
        Reading(hits=hits, pedal=pedal, chokes=chokes, duration_s=duration_s, counts=count_, repairs=repair)
        for hits, pedal, chokes, duration_s, count_, repair in zip(
            parts["hits"], parts["pedal"], parts["chokes"], durations, counts, repairs, strict=True
        )
    ]
