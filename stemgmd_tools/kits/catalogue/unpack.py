"""Take files out of zip, tar and Debian archives: the pinned ones, or all of one folder.

Only regular files with paths inside the folder are written; links and devices are skipped.
"""

from __future__ import annotations

import errno
import io
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final, cast

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.storage.archives import BAD_ARCHIVE, BAD_TAR, PartOfFile, TarStream, decompressed
from stemgmd_tools.storage.files import put_in_place, temporary_beside, write_failure
from stemgmd_tools.storage.paths import inside, is_relative_path

MAX_FILES: Final = 200_000
MAX_BYTES: Final = 16 << 30
"""Limits against archives that unpack to far more than a kit; they count files that are left out, too."""
_TOGETHER: Final = 100
"""Files that are flushed to the disk together."""
_BAD_NAMES: Final = frozenset(
    {errno.ENAMETOOLONG, errno.EEXIST, errno.ENOTDIR, errno.EISDIR, errno.EINVAL, errno.EILSEQ, errno.ENOENT}
)
"""What is wrong with paths, such as a file where another file needs a folder."""
_COPY_BYTES: Final = 1 << 18
_ZIP_MAGICS: Final = (b"PK\x03\x04", b"PK\x05\x06")
"""First bytes of a zip archive; the second are those of an empty one."""
_AR_MAGIC: Final = b"!<arch>\n"
_AR_HEADER_BYTES: Final = 60
_DATA: Final = "data.tar"
_DAMAGED: Final = (*BAD_ARCHIVE, *BAD_TAR, OSError)

Wanted = Callable[[str], str | None]
"""Path in the archive, without ``./`` -> path in the target folder; None to leave it out."""


def unpack(archive: Path, target: Path, wanted: Wanted) -> int:
    """Write the wanted files of an archive to a folder and return their number.

    :raises KitError: for a damaged archive, or one with too many or too large files.
    """
    moves: list[tuple[Path, Path]] = []
    count = 0
    try:
        with _damage_of(archive), archive.open("rb") as file:
            for name, stream, size in _members(file):
                path = wanted(PurePosixPath(name).as_posix())
                if path is not None and is_relative_path(path):
                    moves.append(_written(stream, inside(target, path), size))
                    count += 1
                if len(moves) == _TOGETHER:
                    _put(moves)
            _put(moves)
    finally:
        for temporary, _ in moves:
            temporary.unlink(missing_ok=True)
    return count


def in_folder(folder: str | None, *, first_level: bool) -> Wanted:
    """Return a choice of all files below a folder of the archive.

    :param first_level: leave out the folder that archives of repositories put around everything.
    """

    def wanted(name: str) -> str | None:
        path = name.partition("/")[2] if first_level else name
        if folder is None:
            return path or None
        return path.removeprefix(f"{folder}/") if path.startswith(f"{folder}/") else None

    return wanted


class _RefusedError(Exception):
    """What the system refused while a file was written."""

    def __init__(self, path: Path, error: OSError) -> None:
        super().__init__()
        self.path, self.error = path, error


@contextmanager
def _damage_of(archive: Path) -> Iterator[None]:
    """Raise every error as a :class:`KitError`: those of the archive, those of its names, those of the disk."""
    try:
        yield
    except _RefusedError as refused:
        if refused.error.errno in _BAD_NAMES:
            reason = f"{shown(refused.path.name)!r} cannot be written: {refused.error.strerror}"
            raise KitError(f"{archive}: {reason}; nothing was installed from it") from refused
        raise write_failure(refused.path, refused.error, KitError) from refused
    except _DAMAGED as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise KitError(f"{archive}: damaged archive ({reason}); nothing was installed from it") from error


@contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _RefusedError(path, error) from error


def _written(stream: BinaryIO, path: Path, size: int) -> tuple[Path, Path]:
    """Write a file under a temporary name; return that and its final path."""
    temporary = temporary_beside(path)
    with _refusals(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        sink = temporary.open("wb")
    try:
        with sink:
            while content := stream.read(_COPY_BYTES):
                with _refusals(path):
                    sink.write(content)
            _require_size(sink.tell(), size, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    return temporary, path


def _require_size(written: int, size: int, path: Path) -> None:
    if written != size:
        raise tarfile.ReadError(f"{shown(path.name)} has {written} of {size} bytes")


def _put(moves: list[tuple[Path, Path]]) -> None:
    """Give files their names, and forget them; of several with one name the last counts."""
    if moves:
        last = {path: temporary for temporary, path in moves}
        with _refusals(moves[-1][1]):
            put_in_place([(temporary, path) for path, temporary in last.items()])
        moves.clear()


def _members(file: BinaryIO) -> Iterator[tuple[str, BinaryIO, int]]:
    """Yield the regular files of an archive: path, content, size in bytes."""
    if _starts_with(file, *_ZIP_MAGICS):
        with zipfile.ZipFile(file) as opened:
            members = [info for info in opened.infolist() if info.filename and not info.is_dir()]
            _require_limits(len(members), sum(info.file_size for info in members))
            for info in members:
                if stat.S_IFMT(info.external_attr >> 16) in (0, stat.S_IFREG):
                    with opened.open(info) as stream:
                        yield info.filename, cast(BinaryIO, stream), info.file_size
        return
    whole = TarStream(decompressed(_data_of(file) if _starts_with(file, _AR_MAGIC) else file), 2 * MAX_BYTES)
    with tarfile.open(fileobj=whole, mode="r:") as tar:
        total = 0
        for number, member in enumerate(tar, 1):
            total += max(member.size, 0)
            _require_limits(number, total)
            content = tar.extractfile(member) if member.isreg() and not member.issparse() else None
            if content is not None:
                yield member.name, cast(BinaryIO, content), member.size
    whole.read_to_end()


def _starts_with(file: BinaryIO, *magics: bytes) -> bool:
    """Return whether a file starts with one of some bytes; its end may be that of another archive inside it."""
    beginning = file.read(max(len(magic) for magic in magics))
    file.seek(0)
    return beginning.startswith(magics)


def _require_limits(files: int, total: int) -> None:
    if files > MAX_FILES or total > MAX_BYTES:
        raise tarfile.ReadError(f"more than {MAX_FILES:,} files or {MAX_BYTES >> 30} GB")


def _data_of(file: BinaryIO) -> BinaryIO:
    """Return the tar archive of the files in a Debian package (``deb(5)``: an ``ar`` archive)."""
    file.seek(len(_AR_MAGIC))
    while header := file.read(_AR_HEADER_BYTES):
        if len(header) < _AR_HEADER_BYTES or header[58:] != b"`\n":
            break
        name, size = header[:16].decode("ascii").rstrip(" /"), int(header[48:58])
        if name.startswith(_DATA):
            return io.BufferedReader(PartOfFile(file, size))
        if size < 0:
            break
        file.seek(size + size % 2, 1)
    raise ValueError(f"a Debian package without {_DATA}")
