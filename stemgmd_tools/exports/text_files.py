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
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.storage.json_text import parse_json
from stemgmd_tools.storage.locks import alone_in
from stemgmd_tools.storage.paths import inside

EXPORT_FILE: Final = "export.json"
"""Names the format, its options and every file of an export."""


def write_files(
    format_name: str, options: Mapping[str, str], request: ExportRequest, files: Mapping[str, Callable[[], bytes]]
) -> ExportReport:
    """Write the files of an export; those that have the right content already are left alone.

    :param options: the value of every option of the format.
    :param files: relative path -> function that returns the content.
    :raises StemgmdError: if the folder holds anything else or another process writes to it.
    """
    out = request.out
    content = {"format": f"stemgmd-export/{format_name}", "options": dict(options), "files": sorted(files)}
    try:
        _require_own(out, content)
        with alone_in(out):
            write_bytes(out / EXPORT_FILE, (json.dumps(content, indent=1) + "\n").encode())
            written = _write_missing(out, files, request.progress)
    except OSError as error:
        where = error.filename or out
        raise CorpusError(f"{where}: {error.strerror or error}; fix that, then run the same command again") from error
    return ExportReport(len(files), unchanged=not written)


def _write_missing(out: Path, files: Mapping[str, Callable[[], bytes]], progress: Progress) -> int:
    """Write the files whose content differs; return their number."""
    written = 0
    try:
        for done, (name, content) in enumerate(files.items(), start=1):
            path, data = inside(out, name), content()
            if not (path.is_file() and _digest(path.read_bytes()) == _digest(data)):
                path.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(path, data)
                written += 1
            progress.update(done, len(files), f"{done:,}/{len(files):,} files")
    finally:
        progress.close()
    return written


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _require_own(out: Path, content: Mapping[str, object]) -> None:
    """Check that a folder is new, empty or holds the same export.

    :raises CorpusError: if it does not.
    """
    if not out.exists() or not any(out.iterdir()):
        return
    try:
        present = parse_json((out / EXPORT_FILE).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        raise CorpusError(f"{out}: not empty and not an export; choose an empty or new folder with --out") from None
    except ValueError:
        present = None
    if present != content:
        raise CorpusError(
            f"{out}: holds another export (other format, options or performances); choose another folder with --out"
        )
