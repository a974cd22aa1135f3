"""Limit the disk space of the bank cache by removing the least recently used banks.

Kits can be generated without end (``random:7``), so the number of banks is not bounded otherwise. A removed bank is
rebuilt when it is needed; processes that have it mapped can still use it.
"""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from stemgmd_tools.errors import UsageError
from stemgmd_tools.storage.locks import lock_if_free

LIMIT_VARIABLE: Final = "STEMGMD_CACHE_GB"
"""Environment variable: limit of the total size of the banks in the cache, in GB (1e9 bytes)."""
DEFAULT_LIMIT_GB: Final = 20.0
"""Allow at least the size of one bank per worker, or banks in use are rebuilt repeatedly."""
BANK_GB: Final = 0.22
"""Mean size of the bank of a modelled kit with all articulations."""

_BYTES_PER_GB: Final = 1e9
_LOCK: Final = ".lock"
"""Suffix of a bank's lock. The name of a bank has no dot; that of an unfinished folder has one."""


class _Stored(NamedTuple):
    """A bank's folder."""

    used: float
    """Time of the last use, seconds since the epoch; 0 for an unfinished folder."""
    size: int
    folder: Path


def limit_bytes() -> float:
    """Return the limit of the total size of all banks in bytes.

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
    """Record that the bank of this file was used now; does nothing in a read-only cache."""
    with suppress(OSError):
        os.utime(mark)


def make_room(banks: Path, new_bank: Path, mark: str, limit: float) -> None:
    """Remove the least recently used banks until the total size is within the limit.

    :param banks: folder of the banks' folders.
    :param new_bank: the bank that was just built, which is never removed.
    :param mark: name of the file in a bank's folder whose modification time is the time of last use.
    :param limit: bytes, see :func:`limit_bytes`.
    """
    stored = sorted(_stored(banks, mark))
    total = sum(bank.size for bank in stored)
    for bank in stored:
        if total <= limit:
            return
        if bank.folder != new_bank and _removed(bank.folder):
            total -= bank.size


def _stored(banks: Path, mark: str) -> Iterator[_Stored]:
    for folder in banks.iterdir():
        if folder.suffix == _LOCK:
            continue
        with suppress(OSError):  # another process may be removing it
            used = 0.0 if folder.suffix else (folder / mark).stat().st_mtime
            yield _Stored(used, sum(file.stat().st_size for file in folder.iterdir()), folder)


def _removed(folder: Path) -> bool:
    """Remove a bank or an unfinished folder, unless a process is building it; return whether it was removed."""
    with suppress(OSError), lock_if_free(folder.with_suffix(_LOCK)) as free:
        if free:
            shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()
