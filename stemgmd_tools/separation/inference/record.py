"""Record, beside the stems, which sound and settings each file was separated with.

The record is written when all stems are complete under temporary names, before the first is renamed. A run that was
killed at any moment can resume: finished files are recognised by their hashes, and no other files are replaced.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

from stemgmd_tools.errors import UsageError, shown
from stemgmd_tools.separation.inference.inputs import Source
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX, file_sha256, write_bytes
from stemgmd_tools.storage.json_text import parse_json

RECORD_FILE: Final = ".separation.json"
"""File name of the record."""
_PART: Final = re.compile(rf".+\.(\d+){re.escape(TEMPORARY_SUFFIX)}")
_PIPED: Final = "standard input"
_HASHES: Final = ("sound", "weights")
"""Values of a recipe that are not shown in messages."""

Recipe: TypeAlias = Mapping[str, Any]
"""Everything that determines the bytes of a stem, as JSON data."""


class ExistingStems(NamedTuple):
    """Which of the requested stems exist."""

    complete: bool
    """Whether all exist, separated from the same sound with the same settings."""
    leftovers: tuple[str, ...] = ()
    """Names of files of an interrupted run: finished stems, and temporary files, which have been removed."""


def sound_of(source: Source) -> str:
    """Return the identity of a sound in records: the SHA-256 of its file, or "standard input"."""
    return _PIPED if source.path is None or not source.path.is_file() else file_sha256(source.path)


def existing_stems(source: Source, paths: Sequence[Path], recipe: Recipe | None, *, overwrite: bool) -> ExistingStems:
    """Return which of the requested stems exist, and remove temporary files of runs that have ended.

    :param paths: files of the requested stems, all in one folder.
    :param recipe: everything but the sound that determines their bytes; None: records are not used.
    :raises UsageError: if a file exists that this run must not replace.
    """
    existing = [path for path in paths if os.path.lexists(path)]
    for path in existing:
        if source.path is not None and path.exists() and path.samefile(source.path):
            raise UsageError(f"{shown(path)}: is the file to separate; choose another --out")
    parts = tuple(_remove_stale_parts(paths[0].parent))
    if overwrite or not existing:
        return ExistingStems(complete=False, leftovers=parts)
    record = {} if recipe is None else _read(paths[0].parent)
    wanted = {**(recipe or {}), "sound": sound_of(source)} if record else {}
    for path in existing:
        _require_same_origin(path, record.get(path.name), wanted)
    if len(existing) < len(paths):
        return ExistingStems(complete=False, leftovers=(*(path.name for path in existing), *parts))
    if wanted["sound"] == _PIPED:
        raise _exists_error(existing[0])
    return ExistingStems(complete=True)


def write_record(source: Source, written: Mapping[Path, str], recipe: Recipe) -> None:
    """Record the origin of files about to be renamed; entries of other files in the folder are kept.

    :param written: SHA-256 of each file's bytes.
    :raises AudioError: if the record cannot be written.
    """
    folder = next(iter(written)).parent
    origin = {**recipe, "sound": sound_of(source)}
    other_files = {name: entry for name, entry in _read(folder).items() if os.path.lexists(folder / name)}
    files = {**other_files, **{path.name: {"sha256": sha256, "origin": origin} for path, sha256 in written.items()}}
    content = json.dumps({"files": files}, indent=1, sort_keys=True)
    write_bytes(folder / RECORD_FILE, f"{content}\n".encode())


def remove_if_unused(folder: Path) -> None:
    """Remove the record if there is nothing else in the folder."""
    if folder.is_dir() and all(path.name == RECORD_FILE for path in folder.iterdir()):
        (folder / RECORD_FILE).unlink(missing_ok=True)


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    """Return the entries of a folder's record; empty if it is missing or invalid."""
    try:
        files = parse_json((folder / RECORD_FILE).read_bytes())["files"]
        return {
            str(name): {"sha256": entry["sha256"], "origin": dict(entry["origin"])} for name, entry in files.items()
        }
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _require_same_origin(path: Path, entry: Mapping[str, Any] | None, wanted: Recipe) -> None:
    """Check that an existing file is what this run would write.

    :raises UsageError: if it is not.
    """
    if entry is None or not path.is_file() or file_sha256(path) != entry["sha256"]:
        raise _exists_error(path)
    for name in sorted({*wanted, *entry["origin"]}):
        recorded, requested = entry["origin"].get(name), wanted.get(name)
        if recorded != requested:
            difference = (
                f"made with other {name}" if name in _HASHES else f"made with {name} {recorded}, not {requested}"
            )
            raise _exists_error(path, difference)


def _exists_error(path: Path, difference: str = "") -> UsageError:
    difference = f", {difference}" if difference else ""
    return UsageError(f"{shown(path)}: already exists{difference}; give --overwrite to replace it, or another --out")


def _remove_stale_parts(folder: Path) -> list[str]:
    """Remove temporary files of processes that have ended; return their names."""
    if not folder.is_dir():
        return []
    ended = [
        path for path in folder.iterdir() if (match := _PART.fullmatch(path.name)) and not _is_running(int(match[1]))
    ]
    for path in ended:
        path.unlink(missing_ok=True)
    return sorted(path.name for path in ended)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
