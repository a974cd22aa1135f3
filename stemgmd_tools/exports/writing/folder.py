"""The folder of an export: it names its content, and nothing else is ever written over."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.errors import CorpusError
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX, write_bytes
from stemgmd_tools.storage.json_text import parse_json
from stemgmd_tools.storage.locks import LOCK_FILE

EXPORT_FILE: Final = "export.json"
"""Names the format, its options and every file of an export with its hash."""
HASHES: Final = "sha256"
"""Key of the hashes of files by path."""


def require_own(out: Path, content: Mapping[str, object]) -> dict[str, Any]:
    """Check that a folder is new, empty or holds the same export; return what it says about itself, if anything.

    :param content: what the export is known by.
    :raises CorpusError: if the folder holds anything else.
    """
    if not out.exists() or all(
        path.name.startswith(LOCK_FILE) or path.suffix == TEMPORARY_SUFFIX for path in out.iterdir()
    ):
        return {}  # at most what a killed export left before it named itself
    try:
        present = parse_json((out / EXPORT_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise CorpusError(f"{out}: not empty and not an export; choose an empty or new folder with --out") from None
    except ValueError:
        present = None
    if not isinstance(present, dict) or any(present.get(name) != value for name, value in content.items()):
        raise CorpusError(
            f"{out}: holds another export (other corpus, format, options or performances); choose another --out"
        )
    return present


def write_own(out: Path, content: Mapping[str, object]) -> None:
    """Write what an export is known by."""
    write_bytes(out / EXPORT_FILE, (json.dumps(content, indent=1) + "\n").encode())
