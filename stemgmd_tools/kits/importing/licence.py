"""Find the licence of a drum library in its own texts."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from stemgmd_tools.storage.listing import list_files

UNKNOWN: Final = "LicenseRef-unknown"
"""SPDX expression for a licence that was not found."""
_FILES: Final = re.compile(r"(licen[cs]e|copying|readme|copyright|legal|about|info)", re.IGNORECASE)
_TEXTS: Final = ("", ".txt", ".md", ".rst", ".html", ".htm")
_READ_BYTES: Final = 1 << 18
_VERSION: Final = r"[\s\-–v/]*(\d)\.(\d)"
_PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"\bcc[- ]?0\b|creative\s*commons\s*(zero|0\b)|publicdomain/zero", "CC0-1.0"),
        (r"licenses/by-nc-sa/(\d)\.(\d)|\bcc[- ]by[- ]nc[- ]sa" + _VERSION, "CC-BY-NC-SA-{}.{}"),
        (r"licenses/by-nc/(\d)\.(\d)|\bcc[- ]by[- ]nc" + _VERSION, "CC-BY-NC-{}.{}"),
        (r"licenses/by-sa/(\d)\.(\d)|\bcc[- ]by[- ]sa" + _VERSION, "CC-BY-SA-{}.{}"),
        (r"attribution[- ]noncommercial[- ]share\s?-?alike" + _VERSION, "CC-BY-NC-SA-{}.{}"),
        (r"attribution[- ]noncommercial" + _VERSION, "CC-BY-NC-{}.{}"),
        (r"attribution[- ]share\s?-?alike" + _VERSION, "CC-BY-SA-{}.{}"),
        (r"licenses/by/(\d)\.(\d)|\bcc[- ]by" + _VERSION, "CC-BY-{}.{}"),
        (r"creative\s*commons\s*attribution" + _VERSION, "CC-BY-{}.{}"),
        (r"\bcc[- ]by[- ]sa\b|share[- ]alike", "CC-BY-SA-4.0"),
        (r"\bcc[- ]by\b", "CC-BY-4.0"),
        (r"gnu\s+general\s+public\s+license\W+version\s+(\d)(?:\.\d)?|\bgpl[- ]?v?(\d)", "GPL-{}.0-or-later"),
        (r"gnu\s+general\s+public\s+license|\bgpl\b", "GPL-1.0-or-later"),
        (r"permission is hereby granted, free of charge|\bmit\s+licen[cs]e", "MIT"),
        (r"public\s+domain", "LicenseRef-public-domain"),
    )
)
"""What texts of licences say -> SPDX expression. What comes first in a text counts, since licences mention others; of
those that begin at one place, the first here."""


def licence_of_text(text: str) -> str:
    """Return the SPDX expression of the licence that a text names; empty if it names none."""
    matches = [(match, name) for pattern, name in _PATTERNS for match in [pattern.search(text)] if match]
    if not matches:
        return ""
    match, name = min(matches, key=lambda row: row[0].start())
    return name.format(*(group for group in match.groups() if group and group.isdigit()))


def licence_of_folder(folder: Path) -> tuple[str, str]:
    """Return the licence named by the texts at the top of a folder, and the name of the file that says it.

    Files called LICENSE or COPYING go before others. Both are empty if nothing is found.
    """
    texts = [path for path in list_files(folder, deep=False).files if path.suffix.lower() in _TEXTS]
    named = [path for path in texts if _FILES.search(path.name)]
    for path in sorted(named, key=lambda path: (_rank(path.name), path.name)):
        try:
            with path.open("rb") as file:
                text = file.read(_READ_BYTES).decode("utf-8", "replace")
        except OSError:
            continue
        licence = licence_of_text(text)
        if licence:
            return licence, path.name
    return "", ""


def _rank(name: str) -> int:
    return 0 if re.search(r"licen[cs]e|copying", name, re.IGNORECASE) else 1
