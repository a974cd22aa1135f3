"""Names that become files: what ids and relative paths may look like, and the one way to what is written in a folder.

Ids, kits and paths come from file names and from tables and records that somebody else may have written. They are held
against these patterns where they are read, and :func:`inside` looks again, at links too, where a file is written.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import Final

from stemgmd_tools.errors import StemgmdError

CONTROL: Final = r"\x00-\x1f\x7f"
"""Control characters of ASCII, in a character class."""
NOT_TEXT: Final = r"\ud800-\udfff"
"""What stands for bytes that are not UTF-8, in a character class."""
_PART: Final = rf"(?!\.\.?(?:/|\Z))[^/\\{CONTROL}{NOT_TEXT}]+"
RELATIVE_PATH: Final = rf"{_PART}(?:/{_PART})*"
"""A path that stays in the folder it counts from: parts joined by one ``/``, none of them ``.`` or ``..``, without
backslash or control character. Ids of performances are such paths."""
KIT_NAME: Final = "[a-z0-9][a-z0-9_]*"
"""Name of a kit: one part of a path, the same on file systems that ignore case."""

_PATH: Final = re.compile(RELATIVE_PATH)


def is_relative_path(text: str) -> bool:
    """Return whether a text is a :data:`RELATIVE_PATH`.

    >>> [is_relative_path(text) for text in ("drummer1/session1/3", "../3", "/3", "a//b")]
    [True, False, False, False]
    """
    return _PATH.fullmatch(text) is not None


def inside(folder: Path, name: str | PurePath, *, entered: bool = False) -> Path:
    """Return the path of a file that is to be written in a folder, or below it.

    The folder itself may be a link, and so may be what a file of that name is written over.

    :param name: path from the folder.
    :param entered: whether it is a folder that files are to be written into.
    :raises StemgmdError: if it leaves the folder: as the name says, or through a link on the way.
    """
    text = name.as_posix() if isinstance(name, PurePath) else name
    if "\0" in text or any(part in ("", ".", "..") for part in text.split("/")):
        raise StemgmdError(f"{folder}: {text!r} is no path in this folder; allowed: parts joined by /, none of them ..")
    link = _link_out(folder, text if entered else text.rpartition("/")[0])
    if link:
        raise StemgmdError(
            f"{link}: a link that leads out of {folder}, to {os.path.realpath(link)}; nothing is written through it: "
            "put a folder in its place, or link the whole folder"
        )
    return folder / text


def leads_out(folder: Path, name: str) -> bool:
    """Return whether a path from a folder leaves it through a link."""
    return _link_out(folder, name) is not None


def _link_out(folder: Path, name: str) -> str | None:
    """Return the first link on a path from a folder that leads out of it."""
    place = os.fspath(folder)
    for part in filter(None, name.split("/")):
        place = os.path.join(place, part)  # noqa: PTH118 - for every file of a corpus, so without objects
        if os.path.islink(place) and not Path(os.path.realpath(place)).is_relative_to(os.path.realpath(folder)):  # noqa: PTH114
            return place
    return None
