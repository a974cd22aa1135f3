"""Find the sound files of a kit by names as definitions write them: other case, other separators, other suffix."""

from __future__ import annotations

import os
import re
import unicodedata
from pathlib import Path, PurePosixPath
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.storage.paths import is_relative_path, leads_out

SOUND_SUFFIXES: Final = (".flac", ".wav", ".aiff", ".aif", ".ogg", ".mp3", ".au", ".w64", ".caf")
"""Suffixes that are tried, in this order, where a file of the given suffix does not exist."""
MAX_FILES: Final = 200_000
"""Most files of a folder; a path to some parent folder of many kits is mostly a mistake."""
MAX_PART_BYTES: Final = 255
"""Longest name of a file or folder on nearly all file systems."""

_DRIVE: Final = re.compile(r"^[A-Za-z]:")


class SoundFolder:
    """The files in the folder of a kit."""

    def __init__(self, folder: Path) -> None:
        """Start; the folder is listed when the first file is looked up."""
        self.folder = folder
        self._files: frozenset[str] | None = None
        self._by_lower: dict[str, str] = {}
        self._by_stem: dict[str, dict[str, str]] = {}
        self._paths: dict[tuple[str, str], Path] = {}

    def find(self, name: str, place: str, base: PurePosixPath | None = None) -> Path:
        """Return the path of a file.

        If there is none of exactly this name, capitals and small letters are not told apart; then another suffix of
        sound files is tried; then, since programs have stored absolute paths, the file name alone in ``base``.
        A file that is found in none of these ways is returned by the name that was tried last.

        :param name: as the definition writes it.
        :param place: where it was written, for messages.
        :param base: folder that it is relative to, itself relative to the kit's; None: the kit's.
        :raises KitError: if it is no file name, or leads out of the folder.
        """
        base = base or PurePosixPath()
        key = (base.as_posix(), name)
        if key not in self._paths:
            self._paths[key] = self._find(name, place, base)
        return self._paths[key]

    def _find(self, name: str, place: str, base: PurePosixPath) -> Path:
        text = name.strip().replace("\\", "/")
        absolute = text.startswith("/") or _DRIVE.match(text) is not None
        written = self._normal(_DRIVE.sub("", text), place, base)
        plain = self._normal(written.rpartition("/")[2], place, base)
        relative = self._lookup(written) or (self._lookup(plain) or plain if absolute else written)
        if leads_out(self.folder, relative):
            raise KitError(f'{place}: "{name}" is a link that leads out of {self.folder}; put the file in its place')
        return self.folder / relative

    def _normal(self, text: str, place: str, base: PurePosixPath) -> str:
        """Return a path relative to the folder, without ``.`` and ``..``."""
        parts = list(base.parts)
        for part in text.split("/"):
            if part == ".." and not parts:
                raise KitError(f'{place}: "{text}" leads out of {self.folder}; a kit is read from its own folder only')
            if part == "..":
                parts.pop()
            elif part not in ("", "."):
                parts.append(part)
        path = "/".join(parts)
        too_long = any(len(part.encode("utf-8", "surrogatepass")) > MAX_PART_BYTES for part in parts)
        if not is_relative_path(path) or too_long:
            raise KitError(f'{place}: "{text}" is not the name of a file')
        return path

    def _lookup(self, path: str) -> str | None:
        """Return the path of a file that exists."""
        if self._files is None:
            self._files = self._listing()
        if path in self._files:
            return path
        lower = _lower(path)
        if lower in self._by_lower:
            return self._by_lower[lower]
        suffixes = self._by_stem.get(_stem(lower), {})
        return next((suffixes[suffix] for suffix in SOUND_SUFFIXES if suffix in suffixes), None)

    def _listing(self) -> frozenset[str]:
        files: list[str] = []
        for parent, folders, names in os.walk(self.folder):
            folders.sort()
            relative = Path(parent).relative_to(self.folder)
            files += [(relative / name).as_posix() for name in sorted(names)]
            if len(files) > MAX_FILES:
                raise KitError(f"{self.folder}: holds more than {MAX_FILES} files; name the folder of one kit")
        for path in files:
            lower = _lower(path)
            self._by_lower.setdefault(lower, path)
            self._by_stem.setdefault(_stem(lower), {}).setdefault(PurePosixPath(lower).suffix, path)
        return frozenset(files)


def _lower(path: str) -> str:
    """Return a path in small letters; accented letters may be stored as one character or as two."""
    return unicodedata.normalize("NFC", path).lower()


def _stem(path: str) -> str:
    """Return a path in small letters without the suffix of a sound file."""
    return next((path.removesuffix(suffix) for suffix in SOUND_SUFFIXES if path.endswith(suffix)), path)
