"""Check ids, kit names and relative paths, and keep written files inside their folder.

Ids, kit names and paths come from file names, and from tables and records that other people may have written. They are
checked against these patterns when they are read; :func:`inside` checks paths and links again before a file is written.
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
"""Surrogates that represent bytes that are not UTF-8, in a character class."""
_PART: Final = rf"(?!\.\.?(?:/|\Z))[^/\\{CONTROL}{NOT_TEXT}]+"
RELATIVE_PATH: Final = rf"{_PART}(?:/{_PART})*"
"""A path that stays inside its folder: parts joined by single ``/``, none of them ``.`` or ``..``, without
backslash or control character. Ids of performances are such paths."""
KIT_NAME: Final = "[a-z0-9][a-z0-9_]*"
"""Name of a kit: one part of a path, in lower case for file systems that ignore case."""

MAX_PART_BYTES: Final = 244
"""Maximum length of one part of an id. File systems allow 255; a corpus adds up to 11 (``.pieces.mid``)."""
MAX_ID_BYTES: Final = 1_000
"""Maximum length of an id. Linux allows paths of 4,095 bytes, including the path of the corpus."""

_PATH: Final = re.compile(RELATIVE_PATH)
_CONTROL: Final = re.compile(f"[{CONTROL}]")
_NOT_TEXT: Final = re.compile(f"[{NOT_TEXT}]")


def is_relative_path(text: str) -> bool:
    """Return whether a text is a :data:`RELATIVE_PATH`.

    >>> [is_relative_path(text) for text in ("drummer1/session1/3", "../3", "/3", "a//b")]
    [True, False, False, False]
    """
    return _PATH.fullmatch(text) is not None


def id_problem(id_: str) -> str:
    """Return why a relative path such as ``drummer1/session1/3`` cannot be the id of a performance; empty if it can.

    >>> id_problem("drummer1/session1/3"), id_problem("../3")
    ('', 'holds a part that is empty, . or ..')
    """
    parts = id_.split("/")
    checks = {
        "is not UTF-8 text": _NOT_TEXT.search(id_),
        "holds a control character": _CONTROL.search(id_),
        "holds a backslash": "\\" in id_,
        "holds a part that is empty, . or ..": any(part in ("", ".", "..") for part in parts),
        f"has a part of more than {MAX_PART_BYTES} bytes": any(_bytes(part) > MAX_PART_BYTES for part in parts),
        f"has more than {MAX_ID_BYTES} bytes": _bytes(id_) > MAX_ID_BYTES,
    }
    return next((problem for problem, is_met in checks.items() if is_met), "")


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


def inside(folder: Path, name: str | PurePath, *, entered: bool = False) -> Path:
    """Return the path of a file to be written in a folder or below it.

    The folder itself and an existing file of that name may be links.

    :param name: path relative to the folder.
    :param entered: whether ``name`` is a folder that files will be written into.
    :raises StemgmdError: if the path leaves the folder, by its parts or through a link.
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
