"""Unpack an untrusted tar archive safely."""

from __future__ import annotations

import shutil
import tarfile
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Final

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.storage.archives import BAD_TAR, TarStream, decompressed
from stemgmd_tools.storage.files import put_in_place, temporary_beside, write_failure
from stemgmd_tools.storage.paths import inside, is_relative_path

MAX_MEMBERS: Final = 20_000
MAX_MEMBER_BYTES: Final = 1 << 30
MAX_TOTAL_BYTES: Final = 8 << 30
"""Limits against archives that unpack to far more than a kit; the largest have some 4,000 files and 3 GB."""

_COPY_BYTES: Final = 1 << 18


def unpack_tar(archive: Path, folder: Path, definition: str) -> None:
    """Unpack a tar archive, plain or compressed with gzip, bzip2 or xz, to a folder that does not exist or is empty.

    The folder gets its name when all files are complete. Archives mostly hold one folder; that with the definition
    becomes the new folder.

    :param definition: name of the file that defines the kit.
    :raises KitError: for an archive without a definition, a damaged archive, a path that is absolute or leaves the
        folder, a link or device, a name that occurs twice, too many or too large files, a folder that holds files or
        cannot be written.
    """
    temporary = temporary_beside(folder)
    try:
        if folder.is_dir() and any(folder.iterdir()):
            raise KitError(f"{folder}: holds files already; name a new folder for those of {archive.name}")
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        _unpack(archive, temporary)
        definitions = sorted(temporary.rglob(definition), key=lambda file: (len(file.parts), file))
        if not definitions:
            raise KitError(f"{archive}: holds no {definition}; an archive of a kit is expected")
        put_in_place([(definitions[0].parent, folder)])
    except OSError as error:  # of the target: those of the archive were converted
        raise write_failure(folder, error, KitError) from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _unpack(archive: Path, folder: Path) -> None:
    try:
        with _opened(archive) as file:
            stream = TarStream(decompressed(file), MAX_TOTAL_BYTES)
            with tarfile.open(fileobj=stream, mode="r:") as opened:
                names: set[str] = set()
                total = 0
                for member in opened:
                    total += member.size
                    _check(member, names, total, archive)
                    if member.isreg():
                        _extract(opened, member, folder)
            stream.read_to_end()
    except BAD_TAR as error:
        raise KitError(f"{archive}: damaged archive ({error}); nothing was unpacked") from error


def _opened(archive: Path) -> BinaryIO:
    """Open an archive.

    :raises KitError: if it cannot be read.
    """
    try:
        if not archive.is_file():
            raise KitError(f"{archive}: is no file; an archive is expected")
        return archive.open("rb")
    except OSError as error:
        raise KitError(f"{archive}: cannot be read ({error.strerror})") from error


def _check(member: tarfile.TarInfo, names: set[str], total: int, archive: Path) -> None:
    """Refuse a member that is not safe; remember its name."""
    name = PurePosixPath(member.name).as_posix()
    reason = _objection(member, name)
    if name in names and not member.isdir():
        reason = "occurs twice"
    names.add(name)
    if len(names) > MAX_MEMBERS or total > MAX_TOTAL_BYTES:
        reason = f"exceeds {MAX_MEMBERS} files or {MAX_TOTAL_BYTES >> 30} GB"
    if reason:
        raise KitError(f"{archive}: {shown(member.name)!r} {reason}; nothing was unpacked")


def _objection(member: tarfile.TarInfo, name: str) -> str:
    """Return why a member must not be unpacked, "" if it is safe."""
    if not (member.isdir() and name == ".") and (":" in name or not is_relative_path(name)):
        return "points outside the folder"
    if member.issparse() or not (member.isreg() or member.isdir()):
        return "is a link or a device"
    if not 0 <= member.size <= MAX_MEMBER_BYTES:
        return f"has {member.size} bytes, more than {MAX_MEMBER_BYTES}"
    return ""


def _extract(opened: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    target = inside(folder, PurePosixPath(member.name))
    target.parent.mkdir(parents=True, exist_ok=True)
    source = opened.extractfile(member)
    if source is None:  # never for a regular file
        raise tarfile.ReadError(f"{member.name} has no content")
    with source, target.open("xb") as sink:
        shutil.copyfileobj(source, sink, _COPY_BYTES)
    if target.stat().st_size != member.size:
        raise tarfile.ReadError(f"{member.name} ends early")
