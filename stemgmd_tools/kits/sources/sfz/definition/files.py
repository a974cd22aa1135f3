"""Find the files that a definition names, inside the library's folder only.

Definitions are written on systems that ignore case and separate folders by backslashes, and sample files are often
converted to another format without a change of the definition.
"""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError, shown
from stemgmd_tools.kits.sources.sfz.definition.limits import FILE_BYTES, LEVELS_UP

AUDIO_SUFFIXES: Final = (".flac", ".wav", ".ogg", ".aif", ".aiff", ".mp3", ".wv")
_ABSOLUTE = re.compile(r"^(?:/|[A-Za-z]:)")
_LONGEST: Final = 255
"""Bytes of a file's name; longer ones exist nowhere, and asking for them is an error of the system."""
_LONGEST_PATH: Final = 1_024
_OUTSIDE: Final = ""


class OutsideError(Exception):
    """A path that leads out of the library's folder, or that no system has."""


class LibraryFiles:
    """The files of one library."""

    def __init__(self, main: Path, top: Path | None = None) -> None:
        """Start from a definition.

        :param top: folder that nothing is read outside of; None: :data:`~.limits.LEVELS_UP` folders above the
            definition's, but neither the home folder nor one above it.
        """
        self.base = main.parent.resolve()
        self._levels = _levels(self.base, None if top is None else top.resolve())
        self._top = self.base if self._levels == 0 else self.base.parents[self._levels - 1]
        self._listings: dict[str, dict[str, str]] = {}
        self._level = 0
        self.renamed = 0
        """How many files were found with another suffix."""

    @property
    def folder(self) -> Path:
        """The smallest folder that holds the definition and every file asked for."""
        return self.base if self._level == 0 else self.base.parents[self._level - 1]

    def find(self, name: str, *, audio: bool = False) -> Path:
        """Return the path of a file named in the definition; it need not exist.

        :param name: relative to the definition's folder, with slashes or backslashes, in any case.
        :param audio: whether a file of the same name with the suffix of another audio format will do.
        :raises OutsideError: if it lies outside the library's folder.
        """
        plain = name.strip().strip('"').replace("\\", "/")
        if not plain or "\0" in plain or _ABSOLUTE.match(plain) or len(plain.encode()) > _LONGEST_PATH:
            raise OutsideError(name)
        parts = os.path.normpath(plain).split("/")
        up = 0
        while up < len(parts) and parts[up] == "..":
            up += 1
        if up > self._levels:
            raise OutsideError(name)
        at = self.base if up == 0 else self.base.parents[up - 1]
        path = self._descend(at, parts[up:], audio=audio)
        self._level = max(self._level, up)
        return path

    def text(self, path: Path, label: str) -> str:
        """Return the content of a definition file, in UTF-8 (with or without a byte order mark) or Latin-1.

        :param label: what to call it in messages.
        :raises KitError: if it is too large or cannot be read.
        """
        try:
            with path.open("rb") as file:
                content = file.read(FILE_BYTES + 1)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise KitError(f"{label}: cannot be read ({reason}); it has to be a file beside the definition") from error
        if len(content) > FILE_BYTES:
            raise KitError(f"{label}: more than {FILE_BYTES >> 20} MiB, too large for an SFZ definition")
        try:
            return content.decode("utf-8-sig")
        except UnicodeDecodeError:
            return content.decode("latin-1")

    def _descend(self, folder: Path, parts: list[str], *, audio: bool) -> Path:
        """Follow names down from a folder, each as it is on disk where it exists there."""
        at = str(folder)
        for number, part in enumerate(parts):
            last = number == len(parts) - 1
            actual = self._on_disk(at, part, audio=audio and last)
            at = os.path.join(at, actual)  # noqa: PTH118 - one of many thousands: pathlib takes ten times as long
        return Path(at)

    def _on_disk(self, folder: str, name: str, *, audio: bool) -> str:
        listing = self._listing(folder)
        actual = listing.get(_key(name))
        if actual is None and audio:
            stem = name.rpartition(".")[0] or name
            others = (listing.get(_key(stem + suffix)) for suffix in AUDIO_SUFFIXES)
            actual = next((other for other in others if other is not None), None)
            self.renamed += actual is not None
        if actual == _OUTSIDE:
            raise OutsideError(name)
        return name.encode()[:_LONGEST].decode(errors="ignore") if actual is None else actual

    def _listing(self, folder: str) -> dict[str, str]:
        """Return the names in a folder by their keys; those of links that lead out of the library are empty."""
        known = self._listings.get(folder)
        if known is not None:
            return known
        listing: dict[str, str] = {}
        try:
            with os.scandir(folder) as entries:
                for entry in entries:
                    key = _key(entry.name)
                    if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(self._top):
                        listing[key] = _OUTSIDE
                    else:
                        listing[key] = min(entry.name, listing.get(key, entry.name))
        except (OSError, ValueError):
            pass  # a folder that is missing has no files; whether a file exists is checked where it is read
        self._listings[folder] = listing
        return listing


def label(path: Path, base: Path) -> str:
    """Return how messages name a file: relative to the definition's folder."""
    return shown(os.path.relpath(path, base))


def _key(name: str) -> str:
    return name.casefold() if name.isascii() else unicodedata.normalize("NFC", name).casefold()


def _levels(base: Path, top: Path | None) -> int:
    """Return how many folders above the definition's belong to the library."""
    if top is not None:
        return len(base.relative_to(top).parts)
    try:
        home = Path.home().resolve()
    except (RuntimeError, OSError):
        home = Path(base.anchor)
    levels = 0
    for folder in base.parents[:LEVELS_UP]:
        if folder == Path(folder.anchor) or home.is_relative_to(folder):
            break
        levels += 1
    return levels
