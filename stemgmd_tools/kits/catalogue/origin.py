"""Where the files of a catalogue entry are had: from the publisher, from a mirror, or from a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError, UsageError
from stemgmd_tools.kits.catalogue.loader import CatalogueKit, PinnedFile
from stemgmd_tools.storage.files import copy_file, file_sha256
from stemgmd_tools.storage.http import quoted

GITHUB_FILES: Final = "https://raw.githubusercontent.com"
"""Files of GitHub repositories: ``/owner/name/commit/path``."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where files are had instead of the publisher, if not both are None."""

    mirror: str | None = None
    """Address below which files lie as ``owner/name/commit/path``, and archives under their names."""
    folder: Path | None = None
    """Folder with a copy of the repository, of the library's folder, or the archive."""


def file_url(kit: CatalogueKit, file: PinnedFile, mirror: str | None) -> str:
    """Return the address of a file of a repository."""
    source = kit.entry.source
    path = "/".join(filter(None, (source.github, source.commit, source.folder, file.path)))
    return f"{(mirror or GITHUB_FILES).rstrip('/')}/{quoted(path)}"


def archive_url(kit: CatalogueKit, mirror: str | None) -> str:
    """Return the address of the entry's archive."""
    address = kit.entry.source.archive or ""
    return f"{mirror.rstrip('/')}/{archive_name(kit)}" if mirror else address


def archive_name(kit: CatalogueKit) -> str:
    """Return the file name of the entry's archive."""
    return (kit.entry.source.archive or "").rpartition("/")[2]


def find_archive(kit: CatalogueKit, folder: Path) -> Path | None:
    """Return the entry's archive in a folder, or the given file itself; None if it is not there.

    :raises KitError: if it has another size or hash.
    """
    path = folder if folder.is_file() else folder / archive_name(kit)
    source = kit.entry.source
    if source.archive is None or not path.is_file():
        return None
    check_bytes(path, source.bytes, source.sha256)
    return path


def copy_files(kit: CatalogueKit, files: tuple[PinnedFile, ...], origin: Path, target: Path) -> None:
    """Copy files of a library from a folder; each appears when its hash is verified.

    :param origin: a folder that holds them as the repository, as the library's folder, or below the kit's name.
    :raises UsageError: if the folder is none of these.
    :raises KitError: if a file is missing or has other bytes.
    """
    inner = kit.entry.source.folder
    places = [origin / inner, origin / kit.name / inner] if inner else []
    places += [origin, origin / kit.name]
    if not files:
        return
    base = next((place for place in places if (place / kit.entry.definition).exists()), None)
    if base is None:
        raise UsageError(
            f"--from {origin}: holds no {kit.entry.definition}; name a copy of {kit.entry.source.github or 'the files'}"
        )
    for file in files:
        path = base / file.path
        if not path.is_file():
            raise KitError(f"{path}: is missing; {kit.name} needs it, {file.bytes} bytes")
        check_bytes(path, file.bytes, file.sha256)
        copy_file(path, target / file.path)


def check_bytes(path: Path, size: int | None, sha256: str | None) -> None:
    """Check the size and hash of a file.

    :raises KitError: if they are others, or the file cannot be read.
    """
    try:
        actual_size = path.stat().st_size
        if size is not None and actual_size != size:
            raise KitError(f"{path}: wrong size: expected {size} bytes, got {actual_size}; it is another file")
        actual = None if sha256 is None else file_sha256(path)
    except OSError as error:
        raise KitError(f"{path}: cannot be read ({error.strerror})") from error
    if sha256 is not None and actual != sha256:
        raise KitError(f"{path}: wrong bytes: expected SHA-256 {sha256}, got {actual}; it is another file")
