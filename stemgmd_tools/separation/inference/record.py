"""What a folder of stems remembers: of which sound and with which settings each file was made.

The record is written when all stems are whole under their temporary names, before the first gets its own. So a run that
was killed at any moment can go on: what it has finished is known by its content, and nothing else is replaced.
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
"""Name of the record, beside the stems."""
_PART: Final = re.compile(rf".+\.(\d+){re.escape(TEMPORARY_SUFFIX)}")
_PIPED: Final = "standard input"
_HASHES: Final = ("sound", "weights")
"""Values of a recipe that tell a person nothing."""

Recipe: TypeAlias = Mapping[str, Any]
"""What decides the bytes of a stem: names and values that JSON can hold."""


class Present(NamedTuple):
    """What is there of the stems that are wanted."""

    complete: bool
    """Whether all are there, made of the same sound with the same settings."""
    left: tuple[str, ...] = ()
    """Names of files that a run left which did not end: finished stems, and temporary files, which are gone now."""


def sound_of(source: Source) -> str:
    """Return what a record calls a sound: the SHA-256 of its file; a pipe can be read only once."""
    return _PIPED if source.path is None or not source.path.is_file() else file_sha256(source.path)


def look(source: Source, paths: Sequence[Path], recipe: Recipe | None, *, overwrite: bool) -> Present:
    """Return what is there of the wanted stems, and take away temporary files of runs that have ended.

    :param paths: of the wanted stems, all in one folder.
    :param recipe: what would decide their bytes, without the sound; None: nothing was remembered.
    :raises UsageError: if something is there that this run may not replace.
    """
    there = [path for path in paths if os.path.lexists(path)]
    for path in there:
        if source.path is not None and path.exists() and path.samefile(source.path):
            raise UsageError(f"{shown(path)}: is what would be separated; choose another --out")
    parts = tuple(_ended_parts(paths[0].parent))
    if overwrite or not there:
        return Present(complete=False, left=parts)
    record = {} if recipe is None else _read(paths[0].parent)
    wanted = {**(recipe or {}), "sound": sound_of(source)} if record else {}
    for path in there:
        _refuse_other(path, record.get(path.name), wanted)
    if len(there) < len(paths):
        return Present(complete=False, left=(*(path.name for path in there), *parts))
    if wanted["sound"] == _PIPED:
        raise _is_there(there[0])
    return Present(complete=True)


def write_record(source: Source, written: Mapping[Path, str], recipe: Recipe) -> None:
    """Remember how files were made that are about to get their names; what is known of others in the folder stays.

    :param written: SHA-256 of each file's bytes.
    :raises AudioError: if the record cannot be written.
    """
    folder = next(iter(written)).parent
    made = {**recipe, "sound": sound_of(source)}
    kept = {name: entry for name, entry in _read(folder).items() if os.path.lexists(folder / name)}
    files = {**kept, **{path.name: {"sha256": sha256, "made": made} for path, sha256 in written.items()}}
    content = json.dumps({"files": files}, indent=1, sort_keys=True)
    write_bytes(folder / RECORD_FILE, f"{content}\n".encode())


def remove_if_unused(folder: Path) -> None:
    """Take back the record of stems that did not come to be."""
    if folder.is_dir() and all(path.name == RECORD_FILE for path in folder.iterdir()):
        (folder / RECORD_FILE).unlink(missing_ok=True)


def _read(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what is known of the files in a folder; nothing if there is no record, or one that makes no sense."""
    try:
        files = parse_json((folder / RECORD_FILE).read_bytes())["files"]
        return {str(name): {"sha256": entry["sha256"], "made": dict(entry["made"])} for name, entry in files.items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _refuse_other(path: Path, entry: Mapping[str, Any] | None, wanted: Recipe) -> None:
    """Refuse a file that is not what this run would write."""
    if entry is None or not path.is_file() or file_sha256(path) != entry["sha256"]:
        raise _is_there(path)
    for name in sorted({*wanted, *entry["made"]}):
        found, asked = entry["made"].get(name), wanted.get(name)
        if found != asked:
            how = f"made with other {name}" if name in _HASHES else f"made with {name} {found}, not {asked}"
            raise _is_there(path, how)


def _is_there(path: Path, how: str = "") -> UsageError:
    how = f", {how}" if how else ""
    return UsageError(f"{shown(path)}: already exists{how}; give --overwrite to replace it, or another --out")


def _ended_parts(folder: Path) -> list[str]:
    """Remove temporary files of processes that are no more; return their names."""
    if not folder.is_dir():
        return []
    ended = [path for path in folder.iterdir() if (match := _PART.fullmatch(path.name)) and not _runs(int(match[1]))]
    for path in ended:
        path.unlink(missing_ok=True)
    return sorted(path.name for path in ended)


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
