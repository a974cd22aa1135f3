"""Write an export of many small files: atomic, resumable, never over other content."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import CorpusError
from stemgmd_tools.exports.base import ExportReport, ExportRequest
from stemgmd_tools.runtime.progress import Progress
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX, write_bytes
from stemgmd_tools.storage.json_text import parse_json
from stemgmd_tools.storage.locks import LOCK_FILE, alone_in
from stemgmd_tools.storage.paths import inside

EXPORT_FILE: Final = "export.json"
"""Names the format, its options and every file of an export with its hash."""


def write_files(format_name: str, request: ExportRequest, files: Mapping[str, Callable[[], bytes]]) -> ExportReport:
    """Write the files of an export; those that have the right content already are left alone.

    :param files: relative path -> function that returns the content.
    :raises StemgmdError: if the folder holds anything else or another process writes to it.
    """
    out = request.out
    contents = {name: files[name]() for name in sorted(files)}
    content = {
        "format": f"stemgmd-export/{format_name}",
        "options": dict(request.options),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    }
    try:
        _require_own(out, content)
        with alone_in(out):
            _require_own(out, content)  # another process may have started one meanwhile
            write_bytes(out / EXPORT_FILE, (json.dumps(content, indent=1) + "\n").encode())
            written = _write_missing(out, contents, request.progress)
    except OSError as error:
        where = error.filename or out
        raise CorpusError(f"{where}: {error.strerror or error}; fix that, then run the same command again") from error
    return ExportReport(len(files), unchanged=not written)


def _write_missing(out: Path, contents: Mapping[str, bytes], progress: Progress) -> int:
    """Write the files whose content differs; return their number."""
    written = 0
    try:
        for done, (name, data) in enumerate(contents.items(), start=1):
            path = inside(out, name)
            if not (path.is_file() and path.read_bytes() == data):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(path, data)
                written += 1
            progress.update(done, len(contents), f"{done:,}/{len(contents):,} files")
    finally:
        progress.close()
    return written


def _require_own(out: Path, content: Mapping[str, object]) -> None:
    """Check that a folder is new, empty or holds the same export.

    :raises CorpusError: if it does not.
    """
    if not out.exists() or all(
        path.name.startswith(LOCK_FILE) or path.suffix == TEMPORARY_SUFFIX for path in out.iterdir()
    ):
        return  # at most what a killed export left before it named itself
    try:
        present = parse_json((out / EXPORT_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise CorpusError(f"{out}: not empty and not an export; choose an empty or new folder with --out") from None
    except ValueError:
        present = None
    if present != content:
        raise CorpusError(
            f"{out}: holds another export (other corpus, format, options or performances); choose another --out"
        )
