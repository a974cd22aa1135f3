"""List the files of a folder recursively, with the entries that cannot be read."""

from __future__ import annotations

import stat
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from os import stat_result
from pathlib import Path
from typing import Final, NamedTuple

from stemgmd_tools.errors import StemgmdError

MAX_FOLDERS: Final = 100_000
"""Maximum number of folders; links between folders can multiply the paths without end."""

_ARCHIVE_LEFTOVERS: Final = "__MACOSX"
"""The folder that macOS adds to zip archives: an AppleDouble file ``._x`` for each file ``x``."""


class Fault(NamedTuple):
    """A file or folder that exists but cannot be read."""

    path: Path
    reason: str
    is_folder: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of a folder."""

    folder: Path
    files: tuple[Path, ...]
    """Paths below ``folder``, sorted part by part."""
    faults: tuple[Fault, ...]
    """Folders that cannot be listed, broken links, pipes, sockets and devices, sorted likewise."""

    def ending_in(self, suffixes: Collection[str]) -> Listing:
        """Return the files and faults whose suffix in lower case is one of ``suffixes``.

        Folders that cannot be listed are kept, since their content is unknown.
        """
        return Listing(
            self.folder,
            tuple(path for path in self.files if path.suffix.lower() in suffixes),
            tuple(fault for fault in self.faults if fault.is_folder or fault.path.suffix.lower() in suffixes),
        )


def list_files(
    folder: Path, *, deep: bool = True, hidden: bool = False, without: Path | None = None, stay: bool = False
) -> Listing:
    """Return the files of a folder and of all folders below it.

    Links to files and to folders are followed. A link to a folder that contains it is skipped. A folder that
    is reached under two names is listed under both.

    :param deep: whether to list subfolders.
    :param hidden: also list names that start with a dot (AppleDouble's ``._x`` among them), and ``__MACOSX``.
    :param stay: do not follow links that lead out of the folder; they are faults.
    :param without: a subfolder to leave out; it need not exist.
    :raises StemgmdError: if ``folder`` cannot be listed or has more than :data:`MAX_FOLDERS` subfolders.
    """
    try:
        above = {_identity(folder.stat())}
        entries = _entries(folder, hidden=hidden)
    except OSError as error:
        raise StemgmdError(f"{folder}: cannot be listed ({error.strerror}); give a folder that can be read") from error
    if without is not None and without.exists():
        above.add(_identity(without.stat()))
    files: list[Path] = []
    faults: list[Fault] = []
    for entry in _walk(entries, frozenset(above), hidden=hidden, deep=deep, top=folder if stay else None):
        if isinstance(entry, Fault):
            faults.append(entry)
        else:
            files.append(entry)
    faults.sort(key=lambda fault: fault.path.parts)
    return Listing(folder, tuple(sorted(files, key=lambda path: path.parts)), tuple(faults))


_Identity = tuple[int, int]
"""Device and inode."""


def _walk(
    entries: Iterable[Path], above: frozenset[_Identity], *, hidden: bool, deep: bool, top: Path | None
) -> Iterator[Path | Fault]:
    """Yield the files among ``entries`` and below them, and a fault for everything that is neither file nor folder.

    :param above: folders that are not entered: the parents of the entries and the folder to leave out.
    :param top: folder that links may not lead out of.
    """
    waiting = [(list(entries), above)]
    folders = 1
    while waiting:
        level, above = waiting.pop()
        for path in level:
            status = _status(path, top)
            if isinstance(status, Fault):
                yield status
            elif stat.S_ISREG(status.st_mode):
                yield path
            elif deep and _identity(status) not in above:
                folders += 1
                if folders > MAX_FOLDERS:
                    raise StemgmdError(f"{path}: folder number {MAX_FOLDERS:,}; remove links that lead in circles")
                try:
                    waiting.append((_entries(path, hidden=hidden), above | {_identity(status)}))
                except OSError as error:
                    yield Fault(path, f"cannot be listed ({error.strerror})", is_folder=True)


def is_hidden(name: str) -> bool:
    """Return whether a part of a relative POSIX path starts with a dot or is ``__MACOSX``."""
    return any(part.startswith(".") or part == _ARCHIVE_LEFTOVERS for part in name.split("/"))


def _entries(folder: Path, *, hidden: bool) -> list[Path]:
    return [path for path in folder.iterdir() if hidden or not is_hidden(path.name)]


def _status(path: Path, top: Path | None) -> stat_result | Fault:
    """Return the status of a file or folder, following links inside ``top``."""
    if top is not None and path.is_symlink() and not path.resolve().is_relative_to(top.resolve()):
        return Fault(path, "is a link that leads out of the folder")
    try:
        status = path.stat()
    except OSError as error:
        return Fault(path, f"cannot be read ({error.strerror})")
    if stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode):
        return status
    return Fault(path, "is neither a file nor a folder")


def _identity(status: stat_result) -> _Identity:
    return status.st_dev, status.st_ino
