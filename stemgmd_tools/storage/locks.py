"""Locks between processes, held as files; they end with their process, however it ends."""

from __future__ import annotations

import errno
import fcntl
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX

_LOCK: Final = ".lock"
"""Of an output folder that one run at a time may write."""
_OURS: Final = re.compile(rf"\.\d+{re.escape(TEMPORARY_SUFFIX)}$")
"""How names end under which processes write, see :func:`stemgmd_tools.storage.files.temporary_beside`."""
_NO_FLOCK: Final = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})
"""What ``flock`` fails with on file systems that have no locks, as network disks may be mounted."""


def file_lock(path: Path, timeout: float = -1.0) -> BaseFileLock:
    """Return a lock for one process at a time, to be acquired by ``with``.

    It is ``flock`` on the file. Where the file system has none, a second file beside it is the lock while it exists;
    one that a killed process of the same machine left is taken over.

    :param path: the file, in a folder that exists; it stays.
    :param timeout: seconds to wait; ``filelock.Timeout`` is raised then. Negative: as long as it takes.
    """
    if _has_flock(path.parent):
        return FileLock(path, timeout=timeout)
    return SoftFileLock(path.with_name(f"{path.name}.soft"), timeout=timeout)


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Keep other runs out of an output folder, which is made if needed; remove what a killed one was writing.

    :raises StemgmdError: if another process is at work there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _locked(folder):
        for abandoned in folder.rglob(f"*{TEMPORARY_SUFFIX}"):
            if _OURS.search(abandoned.name):
                abandoned.unlink(missing_ok=True)
        yield


def require_unlocked(folder: Path) -> None:
    """Refuse an output folder on which another run is at work; nothing is written.

    :raises StemgmdError: if one is.
    """
    if (folder / _LOCK).exists():
        with _locked(folder):
            pass


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    try:
        with file_lock(folder / _LOCK, timeout=0):
            yield
    except Timeout:
        raise StemgmdError(
            f"{folder}: another run is at work on this folder; wait for it or choose another with --out"
        ) from None


def _has_flock(folder: Path) -> bool:
    """Return whether files of a folder can be locked, tried on one of our own; True where that cannot be told."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _NO_FLOCK
    return True
