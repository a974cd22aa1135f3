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
_QUALIFIERS: Final = (
    ("NC", r"\bnc\b|non[\s-]*commercial"),
    ("ND", r"\bnd\b|no[\s-]*deriv"),
    ("SA", r"\bsa\b|share[\s-]*alike"),
)
"""Parts of the names of Creative Commons' licences in their order, and how texts spell them."""
_SPELLED: Final = r"nc|nd|sa|non[\s-]*commercial|no[\s-]*deriv\w*|share[\s-]*alike"
_VERSION: Final = r"(?:[\s,/\-–v]*(\d\.\d))?"
_CREATIVE_COMMONS: Final = re.compile(
    rf"(?:licenses/by|\bcc[\s-]*by|creative\s*commons[\s,:]*attribution|\battribution(?=[\s,-]*(?:{_SPELLED}))|"
    rf"\battribution(?=\s*\d\.\d))((?:[\s,-]*(?:{_SPELLED})\b)*){_VERSION}",
    re.IGNORECASE,
)
_PATTERNS: Final[tuple[tuple[re.Pattern[str], str], ...]] = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"\bcc[- ]?0\b|creative\s*commons\s*(?:zero|0\b)|publicdomain/zero", "CC0-1.0"),
        (r"\bgpl[- ]?v?(\d)(?:\.0)?-only", "GPL-{}.0-only"),
        (r"gnu\s+general\s+public\s+license\W+version\s+(\d)(?:\.\d)?|\bgpl[- ]?v?(\d)", "GPL-{}.0-or-later"),
        (r"gnu\s+general\s+public\s+license|\bgpl\b", "GPL-1.0-or-later"),
        (r"permission is hereby granted, free of charge|\bmit\s+licen[cs]e", "MIT"),
        (r"(?<!not in the )\bpublic\s+domain", "LicenseRef-public-domain"),
    )
)
"""What texts of other licences say -> SPDX expression."""


def licence_of_text(text: str) -> str:
    """Return the SPDX expression of the licence that a text names; empty if it names none.

    What comes first in a text counts, since licences mention others. A licence of Creative Commons without a version
    has no SPDX identifier: ``LicenseRef-CC-BY-NC`` and the like stand for them.
    """
    named = [
        (match.start(), _filled(name, match))
        for pattern, name in _PATTERNS
        for match in [pattern.search(text)]
        if match
    ]
    commons = _CREATIVE_COMMONS.search(text)
    if commons:
        named.append((commons.start(), _creative_commons(commons)))
    return min(named, key=lambda row: row[0], default=(0, ""))[1]


def _filled(name: str, match: re.Match[str]) -> str:
    return name.format(*(group for group in match.groups() if group and group.isdigit()))


def _creative_commons(match: re.Match[str]) -> str:
    qualifiers = match[1].replace("-", " ") if match[1] else ""
    parts = [part for part, spelled in _QUALIFIERS if re.search(spelled, qualifiers, re.IGNORECASE)]
    name = "-".join(["CC-BY", *parts])
    return f"{name}-{match[2]}" if match[2] else f"LicenseRef-{name}"


def licence_of_folder(folder: Path) -> tuple[str, str]:
    """Return the licence named by the texts at the top of a folder, and the name of the file that says it.

    Files called LICENSE or COPYING go before others. Both are empty if nothing is found.
    """
    texts = [path for path in list_files(folder, deep=False, stay=True).files if path.suffix.lower() in _TEXTS]
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
