"""Names that become paths: what a name may hold that other files and folders are called after."""

from __future__ import annotations

import re
from typing import Final

from stemgmd_tools import paths

MAX_PART_BYTES: Final = 244
"""Of one folder or file in a name. File systems allow 255; a corpus adds up to 11 (``.pieces.mid``)."""
MAX_NAME_BYTES: Final = 1_000
"""Of a whole name. Linux allows paths of 4,095 bytes, some of which belong to the corpus that the name is used in."""

CONTROL: Final = re.compile(f"[{paths.CONTROL}]")
"""Control characters of ASCII: a line of text, a csv or a terminal takes them for something else."""
NOT_TEXT: Final = re.compile(f"[{paths.NOT_TEXT}]")
"""What stands for bytes that are not UTF-8."""


def objection_to(name: str) -> str:
    """Return why a relative path such as ``drummer1/session1/3`` cannot name a performance; empty if it can.

    Two spellings must not lead to one place, and no name may lead out of the folder that it is used in.

    >>> objection_to("drummer1/session1/3"), objection_to("../3")
    ('', 'holds a part that is empty, . or ..')
    """
    parts = name.split("/")
    found = {
        "is not UTF-8 text": NOT_TEXT.search(name),
        "holds a control character": CONTROL.search(name),
        "holds a backslash": "\\" in name,
        "holds a part that is empty, . or ..": any(part in ("", ".", "..") for part in parts),
        f"has a part of more than {MAX_PART_BYTES} bytes": any(_bytes(part) > MAX_PART_BYTES for part in parts),
        f"has more than {MAX_NAME_BYTES} bytes": _bytes(name) > MAX_NAME_BYTES,
    }
    return next((objection for objection, is_met in found.items() if is_met), "")


def _bytes(name: str) -> int:
    return len(name.encode("utf-8", "surrogatepass"))
