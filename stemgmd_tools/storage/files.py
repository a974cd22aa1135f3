"""Files that appear whole or not at all, even when the machine loses power: the one place that renames.

A file is written under a temporary name in the folder of its target. Before it gets its name its content is on the
disk (``fsync``): a file system may write a name earlier than the content, and a crash would leave a file of zeros.
"""

from __future__ import annotations

import errno
import glob
import hashlib
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import AudioError, UsageError, shown
from stemgmd_tools.runtime.signals import defer_signals

TEMPORARY_SUFFIX: Final = ".part"
"""Ending of a file that is being written."""
MAX_NAME_BYTES: Final = 255
"""Of the name of one file or folder, on nearly all file systems."""
SYNC_VARIABLE: Final = "STEMGMD_FSYNC"
"""Environment variable: 0 leaves it to the operating system when content reaches the disk."""

_AT_ONCE: Final = 10
"""Files that are synchronised side by side: the ten tracks of a job then cost about as much as one."""
_HASH_CHUNK_BYTES: Final = 1 << 20


def synchronises() -> bool:
    """Return whether content has to reach the disk before a file gets its name.

    :raises UsageError: if the variable is neither 0 nor 1.
    """
    text = os.environ.get(SYNC_VARIABLE, "").strip()
    if text not in {"", "0", "1"}:
        raise UsageError(f'{SYNC_VARIABLE} is "{text}"; allowed: 1 (the default) and 0')
    return text != "0"


def temporary_beside(path: Path) -> Path:
    """Return the name under which this process writes a file before it is whole; a digest stands for a long name."""
    ending = f".{os.getpid()}{TEMPORARY_SUFFIX}"
    name = os.fsencode(path.name)
    if len(name) + len(ending) > MAX_NAME_BYTES:
        return path.with_name(f"{hashlib.sha256(name).hexdigest()}{ending}")
    return path.with_name(f"{path.name}{ending}")


def remove_abandoned(path: Path) -> None:
    """Remove temporary files of one target whose processes ended before it was whole, by ``kill -9`` say.

    For files that a user names, which lie in a folder of his; folders of corpora and runs are cleared as a whole.
    """
    for temporary in path.parent.glob(f"{glob.escape(path.name)}.*{TEMPORARY_SUFFIX}"):
        number = temporary.name[len(path.name) + 1 : -len(TEMPORARY_SUFFIX)]
        if number.isdecimal() and not _runs(int(number)):
            temporary.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    """Return whether a process of this machine has this number."""
    if os.name != "posix":  # Windows would send Ctrl-C instead of asking
        return True
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


def put_in_place(moves: Sequence[tuple[Path, Path]]) -> None:
    """Give finished files or folders their names, all of them: Ctrl-C and SIGTERM have to wait.

    Content reaches the disk first, unless ``STEMGMD_FSYNC=0`` says otherwise.

    :param moves: temporary and final path of each; a file that has the final path is replaced.
    :raises OSError: if the disk refuses.
    """
    if synchronises():
        _synchronise([file for temporary, _ in moves for file in _files_of(temporary)])
    with defer_signals():
        for temporary, target in moves:
            temporary.replace(target)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file in one step: it appears whole under its name or not at all.

    :raises AudioError: if it cannot be written.
    """
    write_together({path: content})


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write small files; none gets its name before all of them are whole.

    :raises AudioError: if one cannot be written.
    """
    moves = [(temporary_beside(path), path) for path in contents]
    with _removed_after_failure(moves):
        for (temporary, path), content in zip(moves, contents.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
        put_in_place(moves)


def copy_file(source: Path, target: Path, *, link: bool = False) -> None:
    """Copy a file; the copy appears whole under its name or not at all.

    :param link: give the file a second name instead, where the file system can.
    :raises AudioError: if the copy cannot be written.
    """
    temporary = temporary_beside(target)
    with _removed_after_failure([(temporary, target)]):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (link and _linked(source, temporary)):
            shutil.copyfile(source, temporary)
        put_in_place([(temporary, target)])
        temporary.unlink(missing_ok=True)  # POSIX renames nothing where both names are one file already


@contextmanager
def _removed_after_failure(moves: Sequence[tuple[Path, Path]]) -> Iterator[None]:
    """Turn what the disk refuses into one line, and leave no temporary file behind."""
    try:
        yield
    except OSError as error:
        for temporary, _ in moves:
            with suppress(OSError):  # where a folder should be is a file
                temporary.unlink(missing_ok=True)
        raise write_failure(moves[0][1], error) from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file's bytes, as ``sha256sum`` prints it."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_HASH_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()


def write_failure(path: Path, error: Exception) -> AudioError:
    """Say in one line why a file could not be written."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return AudioError(f"{shown(path)}: the disk is full; make room and run the same command again")
    # What libsndfile or the system says, without the name that both put beside it.
    reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return AudioError(f"{shown(path)}: cannot be written ({reason})")


def _linked(source: Path, target: Path) -> bool:
    if source.is_symlink():  # the link itself would get the second name
        return False
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def _files_of(path: Path) -> Iterator[Path]:
    """Yield a file itself, or all files of a folder."""
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file())
    else:
        yield path


def _synchronise(files: Sequence[Path]) -> None:
    """Wait until the content of files is on the disk; several wait side by side, since one flush then serves them."""
    if len(files) == 1:
        _synchronise_file(files[0])
        return
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(_synchronise_file, files))


def _synchronise_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
