"""Records of finished jobs: a job is complete if its record exists and every file matches it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

from stemgmd_tools.corpus.folder.identity import IDENTITY_FILE, STATE_FOLDER
from stemgmd_tools.errors import CorpusError
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX, file_sha256, write_bytes
from stemgmd_tools.storage.json_text import parse_json
from stemgmd_tools.storage.paths import inside, is_relative_path

STEMS: Final = "stems"
MIDI: Final = "midi"
SINGLE_HITS: Final = "single_hits"
"""Kinds of records, each in its own folder: stems of a performance and kit, MIDI of a performance, hits of a kit."""

SUFFIX: Final = ".record"
CONTENT_FOLDERS: Final = ("audio", "midi", "single_hits", "manifests")
"""Folders of a corpus in which every file belongs to a record or is a manifest."""


class FileEntry(NamedTuple):
    """One file of a job."""

    path: str
    """Path relative to the corpus, with ``/``."""
    sha256: str
    bytes: int


@dataclass(frozen=True, slots=True)
class Record:
    """The output of one job."""

    inputs: str
    """Digest of everything that decides the job's bytes."""
    files: tuple[FileEntry, ...]
    content: dict[str, Any]
    """Values for the manifests, in JSON's types."""

    @property
    def bytes(self) -> int:
        """Total size of all files."""
        return sum(entry.bytes for entry in self.files)

    def is_whole(self, root: Path) -> bool:
        """Return whether every file has the recorded size and SHA-256."""
        return all(_matches(root / entry.path, entry) for entry in self.files)


def _matches(path: Path, entry: FileEntry) -> bool:
    try:
        return path.stat().st_size == entry.bytes and file_sha256(path) == entry.sha256
    except OSError:
        return False


def record_path(root: Path, kind: str, name: str) -> Path:
    """Return the path of a job's record; ``kind`` is one folder, ``name`` may have several parts.

    :raises StemgmdError: if the path is outside the corpus.
    """
    return inside(root, f"{STATE_FOLDER}/{kind}/{name}{SUFFIX}")


def write_record(path: Path, record: Record) -> None:
    """Write a record atomically: a line with its SHA-256, then its content as canonical JSON."""
    content = json.dumps(asdict(record), separators=(",", ":"), sort_keys=True, allow_nan=False).encode()
    write_bytes(path, _seal(content) + content)


def read_record(path: Path) -> Record | None:
    """Return the record at ``path``; None if it is missing or does not match its SHA-256."""
    try:
        seal, _, text = path.read_bytes().partition(b"\n")
        if seal + b"\n" != _seal(text):
            return None
        content = parse_json(text)
        files = tuple(_entry(*entry) for entry in content["files"])
        return Record(inputs=str(content["inputs"]), files=files, content=dict(content["content"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _entry(path: str, sha256: str, size: int) -> FileEntry:
    """Return a file entry of a record; raises :class:`ValueError` if no job can have written its path."""
    if not (is_relative_path(path) and path.partition("/")[0] in CONTENT_FOLDERS):
        raise ValueError(path)
    return FileEntry(path, str(sha256), int(size))


def _seal(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode() + b"\n"


def records_of(root: Path, kind: str) -> Iterator[tuple[str, Record]]:
    """Yield name and record of every finished job of one kind, sorted by name.

    :raises CorpusError: if a record is damaged.
    """
    folder = root / STATE_FOLDER / kind
    for path in sorted(folder.rglob(f"*{SUFFIX}")):
        record = read_record(path)
        if record is None:
            raise CorpusError(f"{path}: damaged record; remove it and render again")
        yield path.relative_to(folder).as_posix().removesuffix(SUFFIX), record


def remove_temporaries(root: Path) -> None:
    """Remove temporary files of interrupted writers. Call it only while no other process works on the corpus.

    :raises StemgmdError: if one of the corpus's folders is a link that points outside it.
    """
    for folder in (*CONTENT_FOLDERS, STATE_FOLDER):
        for path in inside(root, folder, entered=True).rglob(f"*{TEMPORARY_SUFFIX}"):
            path.unlink(missing_ok=True)
    for path in root.glob(f"{IDENTITY_FILE}*{TEMPORARY_SUFFIX}"):
        path.unlink(missing_ok=True)
