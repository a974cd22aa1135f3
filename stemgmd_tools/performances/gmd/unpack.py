"""Unpack an untrusted zip archive safely."""

from __future__ import annotations

import shutil
import stat
import zipfile
from pathlib import Path, PurePosixPath
from typing import Final

from stemgmd_tools.errors import FetchError
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.storage.archives import BAD_ARCHIVE
from stemgmd_tools.storage.files import write_failure
from stemgmd_tools.storage.paths import inside, is_relative_path

MAX_MEMBERS: Final = 20_000
MAX_MEMBER_BYTES: Final = 64 << 20
MAX_TOTAL_BYTES: Final = 1 << 30
"""Limits against zip bombs; GMD's archive has 1,187 members and unpacks to 5.5 MB."""


def unpack(archive: Path, folder: Path) -> None:
    """Unpack the zip ``archive`` into the existing ``folder``.

    All members are checked before the first is written; zipfile stops at the stated sizes and checks each CRC-32.

    :raises FetchError: for a damaged or encrypted archive, a path that is absolute or leaves the folder, a link or
        device, a name that occurs twice, or too many or too large members.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            members = opened.infolist()
            _check(members, archive)
            for member in members:
                _extract(opened, member, folder)
    except BAD_ARCHIVE as error:
        raise FetchError(f"{archive.name}: damaged archive ({error})") from error
    except OSError as error:
        raise write_failure(folder, error, FetchError) from error


def _check(members: list[zipfile.ZipInfo], archive: Path) -> None:
    for member in members:
        reason = _objection(member)
        if reason:
            raise FetchError(f"{archive.name}: member {member.filename!r} {reason}; nothing was unpacked")
    names = [PurePosixPath(member.filename) for member in members]
    if len(set(names)) != len(names):
        raise FetchError(f"{archive.name}: a member occurs twice; nothing was unpacked")
    total = sum(member.file_size for member in members)
    if len(members) > MAX_MEMBERS or total > MAX_TOTAL_BYTES:
        raise FetchError(
            f"{archive.name}: {counted(len(members), 'member')} of {total} bytes, "
            f"at most {MAX_MEMBERS} of {MAX_TOTAL_BYTES} are unpacked; nothing was"
        )


def _objection(member: zipfile.ZipInfo) -> str:
    """Return why a member must not be unpacked, ``""`` if it is safe."""
    # zipfile turns the separators of this platform into "/" and cuts at NUL: judge the name as it was stored.
    if ":" in member.orig_filename or not is_relative_path(PurePosixPath(member.orig_filename).as_posix()):
        return "points outside the folder"
    kind = stat.S_IFMT(member.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "is a link or a device"
    if member.file_size > MAX_MEMBER_BYTES:
        return f"unpacks to {member.file_size} bytes, more than {MAX_MEMBER_BYTES}"
    return ""


def _extract(opened: zipfile.ZipFile, member: zipfile.ZipInfo, folder: Path) -> None:
    target = inside(folder, PurePosixPath(member.filename))
    if member.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with opened.open(member) as source, target.open("xb") as sink:
        shutil.copyfileobj(source, sink)
