"""File locks between processes; they are released when their process ends."""

from __future__ import annotations

import errno
import fcntl
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from filelock import BaseFileLock, FileLock, SoftFileLock, Timeout

from stemgmd_tools.errors import StemgmdError
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX

LOCK_FILE: Final = ".lock"
"""Lock file of an output folder that only one run at a time may write."""
_OURS: Final = re.compile(rf"\.\d+{re.escape(TEMPORARY_SUFFIX)}$")
"""Suffix of temporary files, see :func:`stemgmd_tools.storage.files.temporary_beside`."""
_NO_FLOCK: Final = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.EINVAL})
"""Error numbers of ``flock`` on file systems without locks, such as some network disks."""


def file_lock(path: Path, timeout: float = -1.0) -> BaseFileLock:
    """Return a lock that one process at a time can hold; use it with ``with``.

    The lock is ``flock`` on the file. On file systems without ``flock``, a second file is the lock while it exists; one
    left by a killed process of the same machine is taken over.

    :param path: the lock file, in an existing folder; it is not removed.
    :param timeout: seconds to wait before ``filelock.Timeout`` is raised; negative to wait for ever.
    """
    if _has_flock(path.parent):
        return FileLock(path, timeout=timeout)
    return SoftFileLock(path.with_name(f"{path.name}.soft"), timeout=timeout)


@contextmanager
def lock_if_free(path: Path, timeout: float = 0.0) -> Iterator[bool]:
    """Hold a lock, see :func:`file_lock`, if no one else does; yield whether it is held.

    :param timeout: seconds to wait for it.
    """
    with ExitStack() as stack:
        try:
            stack.enter_context(file_lock(path, timeout))
            free = True
        except Timeout:
            free = False
        yield free


@contextmanager
def locked(path: Path, error: StemgmdError, timeout: float = 0.0) -> Iterator[None]:
    """Hold a lock, see :func:`file_lock`.

    :param error: raised if another process holds the lock.
    :param timeout: seconds to wait before that.
    """
    with lock_if_free(path, timeout) as free:
        if not free:
            raise error
        yield


@contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Lock an output folder, creating it if needed, and remove temporary files of killed runs.

    :raises StemgmdError: if another process holds the lock.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with locked(folder / LOCK_FILE, _in_use(folder)):
        for abandoned in folder.rglob(f"*{TEMPORARY_SUFFIX}"):
            if _OURS.search(abandoned.name):
                abandoned.unlink(missing_ok=True)
        yield


def require_unlocked(folder: Path) -> None:
    """Check that no other run is writing to an output folder.

    :raises StemgmdError: if another process holds the lock.
    """
    if (folder / LOCK_FILE).exists():
        with locked(folder / LOCK_FILE, _in_use(folder)):
            pass


def _in_use(folder: Path) -> StemgmdError:
    return StemgmdError(f"{folder}: another run is at work on this folder; wait for it or choose another with --out")


def _has_flock(folder: Path) -> bool:
    """Return whether files of a folder can be locked, tested on a temporary file; True if the test fails otherwise."""
    try:
        with tempfile.TemporaryFile(dir=folder) as probe:
            fcntl.flock(probe, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _NO_FLOCK
    return True
