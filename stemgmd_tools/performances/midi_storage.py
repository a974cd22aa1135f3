"""Read MIDI files from a folder, or from a zip archive without unpacking it."""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.storage.archives import BAD_ARCHIVE
from stemgmd_tools.storage.listing import is_hidden
from stemgmd_tools.storage.paths import is_relative_path

INFO_CSV: Final = "info.csv"
_EGMD_CSV: Final = re.compile(r"e-gmd-v[\d.]+\.csv")
MAX_TABLE_DEPTH: Final = 3
"""Maximum depth of the table below the folder or archive, since unpacked archives add folders."""
MAX_FILE_BYTES: Final = 16 << 20
"""Maximum size of a file that is read, far above any MIDI file or csv."""

_BAD_ARCHIVE: Final = (*BAD_ARCHIVE, OSError, MemoryError)
"""Errors of zipfile for members that are damaged (with a size that may exceed memory), encrypted (RuntimeError) or
compressed by an unsupported method."""


@dataclass(frozen=True, slots=True)
class MidiSource:
    """A folder or zip archive of MIDI files, addressed by relative POSIX paths."""

    root: Path
    prefix: str = ""
    """The folder inside ``root`` that paths are relative to, ``""`` or ending in ``/``."""
    table: str = INFO_CSV
    """Name of the table of performances; only copies of GMD and E-GMD have one."""

    @classmethod
    def of_gmd(cls, path: Path) -> MidiSource:
        """Return the source for a copy of GMD or E-GMD: a folder or zip with its table at the top or some folders down.

        Of tables in several folders, the one nearest to the top is used.

        :raises PerformanceError: if there is no such path, or no single table in it.
        """
        if path.is_dir():
            tables = _tables_in_folder(path)
        elif path.is_file():
            tables = _nearest_to_the_top(_tables_among(_members(path)))
        else:
            raise PerformanceError(f"{path}: no such file or folder; give GMD's folder or its official zip")
        if len(tables) != 1:
            count = f"{len(tables)} files" if tables else "no"
            raise PerformanceError(
                f"{path}: {count} info.csv; give the folder that holds GMD's info.csv, or the official zip"
            )
        folder, table = tables[0].parent, tables[0].name
        return cls(path, "" if folder == PurePosixPath() else f"{folder}/", table)

    def read(self, name: str) -> bytes:
        """Return the bytes of one file.

        :raises PerformanceError: if it is missing, damaged, unreasonably large, or ``name`` points outside the source.
        """
        return self.read_many([name])[0]

    def read_many(self, names: Iterable[str]) -> list[bytes]:
        """Return the bytes of several files, opening an archive only once."""
        if self.root.is_dir():
            return [self._read_file(name) for name in names]
        try:
            with zipfile.ZipFile(self.root) as archive:
                members = {_with_slashes(member.filename): member for member in archive.infolist()}
                return [self._read_member(archive, members, name) for name in names]
        except _BAD_ARCHIVE as error:
            raise PerformanceError(f"{self.root}: damaged archive ({error}); fetch it again") from error

    def midi_bytes(self, performance: Performance) -> bytes:
        """Return the MIDI file that ``performance`` was read from.

        :raises PerformanceError: if the performance names no file, or the file is no longer the one that was read.
        """
        name = performance.metadata.get("midi_filename")
        if not isinstance(name, str) or not name:
            raise PerformanceError(f"{performance.id}: was not read from a file, so it has no source MIDI")
        data = self.read(name)
        if hashlib.sha256(data).hexdigest() != performance.metadata.get("midi_sha256"):
            raise PerformanceError(f"{self.root}/{name}: has changed since it was read; read the performances again")
        return data

    def where(self, name: str) -> str:
        """Return the path of the file ``name`` for messages."""
        return f"{self.root}/{self.prefix}{name}"

    def _read_file(self, name: str) -> bytes:
        path = self.root / self.prefix / _safe(name, str(self.root))
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise PerformanceError(f"{path}: cannot be read ({error.strerror}); is the copy whole?") from error
        return self._bounded(data, len(data), name)

    def _read_member(self, archive: zipfile.ZipFile, members: dict[str, zipfile.ZipInfo], name: str) -> bytes:
        member = self.prefix + str(_safe(name, str(self.root)))
        if member not in members:
            raise PerformanceError(f"{self.root}: {member} is not in the archive; fetch it again")
        self._bounded(b"", members[member].file_size, name)
        return archive.read(members[member])

    def _bounded(self, data: bytes, size: int, name: str) -> bytes:
        if size > MAX_FILE_BYTES:
            raise PerformanceError(f"{self.where(name)}: {size} bytes or more; at most {MAX_FILE_BYTES} are read")
        return data


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return [_with_slashes(name) for name in archive.namelist()]
    except _BAD_ARCHIVE as error:
        raise PerformanceError(f"{path}: not a readable zip archive ({error}); give GMD's folder or zip") from error


def _with_slashes(member: str) -> str:
    """Return the name of an archive's member with slashes, since some Windows software writes backslashes."""
    return member.replace("\\", "/")


def _tables_in_folder(path: Path) -> list[PurePosixPath]:
    """Return the tables of performances in a folder, relative to it, those nearest to the top."""
    for depth in range(MAX_TABLE_DEPTH + 1):
        places = [place for place in path.glob("*/" * depth + "*.csv") if place.is_file()]
        if tables := _tables_among(place.relative_to(path).as_posix() for place in places):
            return tables
    return []


def _nearest_to_the_top(names: list[PurePosixPath]) -> list[PurePosixPath]:
    depth = min((len(name.parts) for name in names), default=0)
    return [name for name in names if len(name.parts) == depth]


def _tables_among(names: Iterable[str]) -> list[PurePosixPath]:
    """Return the names that are tables of performances, sorted; hidden folders are ignored."""
    paths = (PurePosixPath(name) for name in names if not is_hidden(name))
    return sorted(path for path in paths if path.name == INFO_CSV or _EGMD_CSV.fullmatch(path.name))


def _safe(name: str, where: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if not is_relative_path(path.as_posix()):
        raise PerformanceError(
            f"{where}: the path {name!r} points outside; paths must be relative, printable, without '..'"
        )
    return path
