"""Write an export of many small files: atomic, resumable, never over other content."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path

from stemgmd_tools.errors import CorpusError
from stemgmd_tools.exports.base import ExportReport, ExportRequest
from stemgmd_tools.exports.writing.folder import HASHES, require_own, write_own
from stemgmd_tools.runtime.progress import Progress
from stemgmd_tools.storage.files import write_bytes
from stemgmd_tools.storage.locks import alone_in
from stemgmd_tools.storage.paths import inside


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
        HASHES: {name: hashlib.sha256(data).hexdigest() for name, data in contents.items()},
    }
    try:
        require_own(out, content)
        with alone_in(out):
            require_own(out, content)  # another process may have started one meanwhile
            write_own(out, content)
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
