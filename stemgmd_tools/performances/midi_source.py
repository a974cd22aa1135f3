"""Where the MIDI files of performances lie: a folder, or a zip archive that is read without unpacking it."""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Final

from stemgmd_tools.errors import PerformanceError
from stemgmd_tools.names import CONTROL
from stemgmd_tools.performances.types import Performance

INFO_CSV: Final = "info.csv"
MAX_FILE_BYTES: Final = 64 << 20
"""No MIDI file or csv comes near it; what does is not read into memory."""

_BAD_ARCHIVE: Final = (zipfile.BadZipFile, zlib.error, OSError, EOFError, RuntimeError, NotImplementedError)
"""What zipfile raises on damaged, encrypted (RuntimeError) or exotically compressed members."""


@dataclass(frozen=True, slots=True)
class MidiSource:
    """A folder or zip archive of MIDI files, addressed by relative POSIX paths."""

    root: Path
    prefix: str = ""
    """The folder inside ``root`` that paths count from, ``""`` or ending in ``/``."""

    @classmethod
    def of_gmd(cls, path: Path) -> MidiSource:
        """Return the source for a copy of GMD: the folder or zip with ``info.csv`` at its top or one folder down.

        :raises PerformanceError: if there is no such path or no single ``info.csv`` in it.
        """
        if path.is_dir():
            places = [path / INFO_CSV, *sorted(path.glob(f"*/{INFO_CSV}"))]
            found = [place.relative_to(path).as_posix() for place in places if place.is_file()]
        elif path.is_file():
            found = [name for name in _members(path) if name == INFO_CSV or _is_one_down(name)]
        else:
            raise PerformanceError(f"{path}: no such file or folder; give GMD's folder or its official zip")
        names = [name for name in found if name == INFO_CSV] or found
        if len(names) != 1:
            count = f"{len(names)} files" if names else "no"
            raise PerformanceError(
                f"{path}: {count} info.csv; give the folder that holds GMD's info.csv, or the official zip"
            )
        return cls(path, names[0].removesuffix(INFO_CSV))

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
                return [self._read_member(archive, name) for name in names]
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
        """Return what to call the file ``name`` in messages."""
        return f"{self.root}/{self.prefix}{name}"

    def _read_file(self, name: str) -> bytes:
        path = self.root / self.prefix / _safe(name, str(self.root))
        try:
            with path.open("rb") as stream:
                data = stream.read(MAX_FILE_BYTES + 1)
        except OSError as error:
            raise PerformanceError(f"{path}: cannot be read ({error.strerror}); is the copy whole?") from error
        return self._bounded(data, len(data), name)

    def _read_member(self, archive: zipfile.ZipFile, name: str) -> bytes:
        member = self.prefix + str(_safe(name, str(self.root)))
        try:
            info = archive.getinfo(member)
        except KeyError:
            raise PerformanceError(f"{self.root}: {member} is not in the archive; fetch it again") from None
        self._bounded(b"", info.file_size, name)
        return archive.read(info)

    def _bounded(self, data: bytes, size: int, name: str) -> bytes:
        if size > MAX_FILE_BYTES:
            raise PerformanceError(f"{self.where(name)}: {size} bytes or more; at most {MAX_FILE_BYTES} are read")
        return data


def _members(path: Path) -> list[str]:
    try:
        with zipfile.ZipFile(path) as archive:
            return archive.namelist()
    except _BAD_ARCHIVE as error:
        raise PerformanceError(f"{path}: not a readable zip archive ({error}); give GMD's folder or zip") from error


def _is_one_down(name: str) -> bool:
    parts = PurePosixPath(name).parts
    return len(parts) == 2 and parts[1] == INFO_CSV and parts[0] != "__MACOSX"


def _safe(name: str, where: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or not path.parts or CONTROL.search(name):
        raise PerformanceError(
            f"{where}: the path {name!r} points outside; paths must be relative, printable, without '..'"
        )
    return path
