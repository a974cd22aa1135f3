"""How much disk banks may take: the least recently used go when a new one needs room.

A kit can be a number (``random:7``), so the banks of a cache have no natural end. A bank that goes is built again when
it is needed; processes that have it mapped keep it until they let go.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from filelock import Timeout

from stemgmd_tools.errors import UsageError
from stemgmd_tools.storage.locks import file_lock

LIMIT_VARIABLE: Final = "STEMGMD_CACHE_GB"
"""Environment variable: how many GB (1e9 bytes) the banks in the cache may take together."""
DEFAULT_LIMIT_GB: Final = 20.0
"""A hundred banks. Give at least 0.2 GB for every worker, or banks that are in use are built again and again."""

_BYTES_PER_GB: Final = 1e9
_LOCK: Final = ".lock"
"""Suffix of a bank's lock. The name of a bank has no dot; that of a folder it is built in has one."""


class _Stored(NamedTuple):
    """A bank's folder."""

    used: float
    """When it was last opened, seconds since the epoch; 0 for one that is not finished."""
    size: int
    folder: Path


def limit_bytes() -> float:
    """Return how much the banks may take together.

    :raises UsageError: if the variable is not a positive number.
    """
    text = os.environ.get(LIMIT_VARIABLE, "").strip()
    if not text:
        return DEFAULT_LIMIT_GB * _BYTES_PER_GB
    try:
        limit = float(text)
    except ValueError:
        limit = math.nan
    if not limit > 0:
        raise UsageError(f'{LIMIT_VARIABLE} is "{text}"; allowed: a number of GB above 0, such as {DEFAULT_LIMIT_GB:g}')
    return limit * _BYTES_PER_GB


def note_use(mark: Path) -> None:
    """Note that the bank whose file this is was used now; a cache that is only read stays as it is."""
    with suppress(OSError):
        os.utime(mark)


def make_room(banks: Path, keep: Path, mark: str, limit: float) -> None:
    """Remove the banks that were not used for longest until the rest, with ``keep``, is within the limit.

    :param banks: folder of the banks' folders.
    :param keep: the bank that was just built; it stays whatever its size.
    :param mark: name of the file in a bank's folder whose time tells when it was last used.
    :param limit: bytes, see :func:`limit_bytes`.
    """
    stored = sorted(_stored(banks, mark))
    total = sum(one.size for one in stored)
    for one in stored:
        if total <= limit:
            return
        if one.folder != keep and _removed(one.folder):
            total -= one.size


def _stored(banks: Path, mark: str) -> Iterator[_Stored]:
    for folder in banks.iterdir():
        if folder.suffix == _LOCK:
            continue
        with suppress(OSError):  # another process may be removing it
            used = 0.0 if folder.suffix else (folder / mark).stat().st_mtime
            yield _Stored(used, sum(file.stat().st_size for file in folder.iterdir()), folder)


def _removed(folder: Path) -> bool:
    """Remove a bank, or what a killed process left of one, unless somebody is building it."""
    try:
        with file_lock(folder.with_suffix(_LOCK), timeout=0):
            shutil.rmtree(folder, ignore_errors=True)
    except (Timeout, OSError):
        return False
    return not folder.exists()
