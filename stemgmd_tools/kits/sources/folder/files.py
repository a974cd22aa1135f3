"""The sound files of a folder, none of them outside it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stemgmd_tools.audio import AUDIO_SUFFIXES
from stemgmd_tools.errors import KitError, StemgmdError, shown
from stemgmd_tools.storage.listing import list_files

MOST_FILES: Final = 50_000
"""Largest number of sound files; a whole disk is no kit."""


def sound_files(folder: Path) -> tuple[list[str], list[str]]:
    """Return the sound files of a folder and the folders below it.

    :return: sorted paths relative to the folder, with ``/`` between their parts, and one line for each file that is
        left out because it cannot be read or lies outside the folder.
    :raises KitError: if there is none, or more than :data:`MOST_FILES`.
    """
    try:
        listing = list_files(folder, stay=True).ending_in(AUDIO_SUFFIXES)
    except (StemgmdError, OSError, ValueError) as error:
        raise KitError(str(error)) from error
    if len(listing.files) > MOST_FILES:
        raise KitError(f"{shown(folder)}: holds more than {MOST_FILES:,} sound files; name the folder of one kit")
    inside = [path.relative_to(folder).as_posix() for path in listing.files]
    notices = [f"left out {shown(fault.path)}: {fault.reason}" for fault in listing.faults]
    if not inside:
        raise KitError(f"{shown(folder)}: holds no sound files ({', '.join(sorted(AUDIO_SUFFIXES))})")
    return inside, notices


def has_file(folder: Path, suffixes: Sequence[str], *, depth: int = 2) -> bool:
    """Return whether a folder, or a folder at most ``depth`` below it, holds a file with one of the suffixes."""
    try:
        for path in folder.iterdir():
            if path.suffix.lower() in suffixes and path.is_file():
                return True
            if depth and path.is_dir() and not path.is_symlink() and has_file(path, suffixes, depth=depth - 1):
                return True
    except (OSError, ValueError):
        return False
    return False
