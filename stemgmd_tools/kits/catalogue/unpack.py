"""Take files out of zip, tar and Debian archives: the pinned ones, or all of one folder.

Only regular files with paths inside the folder are written; links and devices are skipped.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import shutil
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Final, cast

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.storage.archives import BAD_ARCHIVE
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX, put_in_place
from stemgmd_tools.storage.paths import inside, is_relative_path

MAX_FILES: Final = 30_000
MAX_BYTES: Final = 16 << 30
"""Limits against archives that unpack to far more than a kit."""
_COPY_BYTES: Final = 1 << 20
_AR_MAGIC: Final = b"!<arch>\n"
_AR_HEADER_BYTES: Final = 60
_DATA: Final = "data.tar"
_TAR: Final[dict[str, Callable[..., Any]]] = {"gz": gzip.open, "xz": lzma.open, "bz2": bz2.open}
_DAMAGED: Final = (*BAD_ARCHIVE, tarfile.TarError, lzma.LZMAError, ValueError, OverflowError, OSError)

Wanted = Callable[[str], str | None]
"""Path in the archive, without ``./`` -> path in the target folder; None to leave it out."""


def unpack(archive: Path, target: Path, wanted: Wanted) -> int:
    """Write the wanted files of an archive to a folder and return their number.

    :raises KitError: for a damaged archive, or one with too many or too large files.
    """
    count = total = 0
    for name, stream, size in _guarded(archive):
        path = wanted(PurePosixPath(name).as_posix())
        if path is None or not is_relative_path(path):
            continue
        count, total = count + 1, total + size
        if count > MAX_FILES or total > MAX_BYTES:
            raise KitError(f"{archive}: holds more than {MAX_FILES} files or {MAX_BYTES >> 30} GB; not unpacked")
        _write(stream, inside(target, path), size, archive)
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


def _write(stream: BinaryIO, path: Path, size: int, archive: Path) -> None:
    """Write a file under a temporary name and rename it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f"{path.name}{TEMPORARY_SUFFIX}")
    with temporary.open("wb") as sink:
        try:
            shutil.copyfileobj(stream, sink, _COPY_BYTES)
        except (*BAD_ARCHIVE, tarfile.TarError, lzma.LZMAError) as error:
            raise KitError(f"{archive}: damaged archive ({error}) at {shown(path.name)}") from error
        written = sink.tell()
    if written != size:
        temporary.unlink()
        raise KitError(f"{archive}: {shown(path.name)} has {written} of {size} bytes; a damaged archive")
    put_in_place([(temporary, path)])


def _guarded(archive: Path) -> Iterator[tuple[str, BinaryIO, int]]:
    """Yield the regular files of an archive; raise errors of the archive as :class:`KitError`."""
    members = _members(archive)
    while True:
        try:
            member = next(members, None)
        except _DAMAGED as error:
            raise KitError(f"{archive}: damaged archive ({error}); nothing was installed from it") from error
        if member is None:
            return
        yield member


def _members(archive: Path) -> Iterator[tuple[str, BinaryIO, int]]:
    if zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as opened:
            for info in opened.infolist():
                if not info.is_dir():
                    with opened.open(info) as stream:
                        yield info.filename, cast(BinaryIO, stream), info.file_size
        return
    with _tar_stream(archive) as stream, tarfile.open(fileobj=stream, mode="r|*") as tar:
        for member in tar:
            file = tar.extractfile(member) if member.isreg() else None
            if file is not None:
                yield member.name, cast(BinaryIO, file), member.size


@contextmanager
def _tar_stream(archive: Path) -> Iterator[BinaryIO]:
    """Open a tar archive, or the one inside a Debian package (``deb(5)``: an ``ar`` archive)."""
    with archive.open("rb") as file:
        if file.read(len(_AR_MAGIC)) == _AR_MAGIC:
            suffix = _seek_data(file)
            yield cast(BinaryIO, _TAR[suffix](file, "rb")) if suffix in _TAR else file
        else:
            file.seek(0)
            yield file


def _seek_data(file: BinaryIO) -> str:
    """Go to the files of a Debian package; return the suffix of their archive."""
    while header := file.read(_AR_HEADER_BYTES):
        if len(header) < _AR_HEADER_BYTES or header[58:] != b"`\n":
            break
        name, size = header[:16].decode("ascii").rstrip(" /"), int(header[48:58])
        if name.startswith(_DATA):
            return name.removeprefix(_DATA).lstrip(".")
        file.seek(size + size % 2, 1)
    raise ValueError(f"a Debian package without {_DATA}")
