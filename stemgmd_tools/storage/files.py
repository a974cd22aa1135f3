"""Write files atomically, even across a loss of power.

A file is written under a temporary name in the folder of its target, flushed to the disk (``fsync``) and then renamed.
Without the flush, a file system may store the name before the content, and a crash would leave a file of zeros.
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

from stemgmd_tools.errors import AudioError, StemgmdError, UsageError, shown
from stemgmd_tools.runtime.signals import defer_signals

TEMPORARY_SUFFIX: Final = ".part"
"""Suffix of a file that is being written."""
MAX_NAME_BYTES: Final = 255
"""Maximum length of a file or folder name on nearly all file systems."""
SYNC_VARIABLE: Final = "STEMGMD_FSYNC"
"""Environment variable; 0 disables ``fsync``."""

_AGAIN: Final = "run the same command again"
_REFUSALS: Final = {
    errno.ENOSPC: f"the disk is full; make room and {_AGAIN}",
    errno.EDQUOT: f"your quota of this disk is used up; make room and {_AGAIN}",
    errno.EACCES: "cannot be written (no permission); change the permissions of its folder, or choose another folder",
    errno.EPERM: "cannot be written (not permitted); change the owner of its folder, or choose another folder",
    errno.EROFS: "cannot be written (the file system is read-only); choose another folder",
    errno.ENOTDIR: "cannot be written (a file is where a folder should be); choose another folder",
    errno.EEXIST: "cannot be written (a file is where a folder should be); choose another folder",
    errno.EFBIG: f"is larger than a file may be here; raise the limit (ulimit -f) and {_AGAIN}",
    errno.EMFILE: f"cannot be opened (too many open files); raise the limit (ulimit -n) and {_AGAIN}",
}
"""What the system refuses, and how to mend it."""

_AT_ONCE: Final = 10
"""Files that are flushed in parallel: the ten tracks of a job then cost about as much as one."""
_HASH_CHUNK_BYTES: Final = 1 << 20


def synchronises() -> bool:
    """Return whether files are flushed to the disk before they are renamed.

    :raises UsageError: if the variable is neither 0 nor 1.
    """
    text = os.environ.get(SYNC_VARIABLE, "").strip()
    if text not in {"", "0", "1"}:
        raise UsageError(f'{SYNC_VARIABLE} is "{text}"; allowed: 1 (the default) and 0')
    return text != "0"


def temporary_beside(path: Path) -> Path:
    """Return the temporary path for writing a file in this process; a long name is replaced by its digest."""
    ending = f".{os.getpid()}{TEMPORARY_SUFFIX}"
    name = os.fsencode(path.name)
    if len(name) + len(ending) > MAX_NAME_BYTES:
        return path.with_name(f"{hashlib.sha256(name).hexdigest()}{ending}")
    return path.with_name(f"{path.name}{ending}")


def remove_abandoned(path: Path) -> None:
    """Remove temporary files of one target that were left by killed processes.

    Use it for single files that a user names; folders of corpora and runs are cleaned up as a whole.
    """
    for temporary in path.parent.glob(f"{glob.escape(path.name)}.*{TEMPORARY_SUFFIX}"):
        number = temporary.name[len(path.name) + 1 : -len(TEMPORARY_SUFFIX)]
        if number.isdecimal() and not _runs(int(number)):
            temporary.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    """Return whether a process with this number is running on this machine."""
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
    """Rename finished files or folders to their final paths; Ctrl-C and SIGTERM are deferred until all are renamed.

    Files are flushed to the disk first, unless ``STEMGMD_FSYNC=0``.

    :param moves: temporary and final path of each; an existing file is replaced.
    :raises OSError: if the disk refuses.
    """
    if synchronises():
        _synchronise([file for temporary, _ in moves for file in _files_of(temporary)])
    with defer_signals():
        for temporary, target in moves:
            temporary.replace(target)


def write_bytes(path: Path, content: bytes) -> None:
    """Write a small file atomically.

    :raises AudioError: if it cannot be written.
    """
    write_together({path: content})


def write_together(contents: Mapping[Path, bytes]) -> None:
    """Write small files; none is renamed to its final path before all are complete.

    :raises AudioError: if one cannot be written.
    """
    moves = [(temporary_beside(path), path) for path in contents]
    with _removed_after_failure(moves):
        for (temporary, path), content in zip(moves, contents.values(), strict=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            temporary.write_bytes(content)
        put_in_place(moves)


def copy_file(source: Path, target: Path, *, link: bool = False) -> None:
    """Copy a file atomically.

    :param link: create a hard link instead, where the file system supports it.
    :raises AudioError: if the copy cannot be written.
    """
    temporary = temporary_beside(target)
    with _removed_after_failure([(temporary, target)]):
        target.parent.mkdir(parents=True, exist_ok=True)
        if not (link and _linked(source, temporary)):
            try:
                shutil.copyfile(source, temporary)
            except OSError as error:
                temporary.unlink(missing_ok=True)
                raise copy_failure(source, target, error) from error
        put_in_place([(temporary, target)])
        temporary.unlink(missing_ok=True)  # POSIX renames nothing where both names are one file already


@contextmanager
def _removed_after_failure(moves: Sequence[tuple[Path, Path]]) -> Iterator[None]:
    """Convert an ``OSError`` to an :class:`AudioError` and remove the temporary files."""
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


def write_failure(path: Path, error: Exception, kind: type[StemgmdError] = AudioError) -> StemgmdError:
    """Return the error for a file that could not be written: what happened, and how to mend it, in one line.

    :param error: from the system or from libsndfile.
    :param kind: class of the returned error.
    """
    known = _REFUSALS.get(error.errno or 0) if isinstance(error, OSError) else None
    if known:
        return kind(f"{shown(path)}: {known}")
    # What libsndfile or the system says, without the name that both put beside it.
    reason = getattr(error, "error_string", None) or getattr(error, "strerror", None) or str(error)
    return kind(f"{shown(path)}: cannot be written ({reason})")


def copy_failure(source: Path, target: Path, error: OSError, kind: type[StemgmdError] = AudioError) -> StemgmdError:
    """Return the error for a file that ``shutil.copyfile`` could not copy: which of the two files is to blame."""
    is_source = error.filename == os.fspath(source) and error.filename2 is None
    if is_source and error.errno not in (errno.ENOSPC, errno.EDQUOT):
        return kind(f"{shown(source)}: cannot be read ({error.strerror})")
    return write_failure(target, error, kind)


@contextmanager
def written(path: Path, kind: type[StemgmdError]) -> Iterator[None]:
    """Convert an ``OSError`` that says why files cannot be written, see :func:`write_failure`.

    :param path: named if the error names no file.
    """
    try:
        yield
    except OSError as error:
        raise write_failure(Path(os.fsdecode(error.filename)) if _names_file(error) else path, error, kind) from error


def _names_file(error: OSError) -> bool:
    return isinstance(error.filename, str | bytes | os.PathLike)


def _linked(source: Path, target: Path) -> bool:
    if source.is_symlink():  # the link itself would get the second name
        return False
    try:
        target.hardlink_to(source)
    except OSError:
        return False
    return True


def _files_of(path: Path) -> Iterator[Path]:
    """Yield the file, or all files of a folder; links lead to files that were not written here."""
    if path.is_symlink():
        return
    if path.is_dir():
        yield from (file for file in path.rglob("*") if file.is_file() and not file.is_symlink())
    else:
        yield path


def _synchronise(files: Sequence[Path]) -> None:
    """Flush files to the disk, in parallel if there are several."""
    if len(files) == 1:
        _synchronise_file(files[0])
        return
    with ThreadPoolExecutor(_AT_ONCE) as threads:
        list(threads.map(_synchronise_file, files))


def _synchronise_file(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
