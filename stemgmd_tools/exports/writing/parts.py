"""Write an export of large files: one after the other, atomic, resumable, never over other content."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from stemgmd_tools.errors import CorpusError
from stemgmd_tools.exports.base import ExportReport, ExportRequest
from stemgmd_tools.exports.writing.folder import HASHES, require_own, write_own
from stemgmd_tools.storage.files import file_sha256, put_in_place, temporary_beside
from stemgmd_tools.storage.locks import alone_in
from stemgmd_tools.storage.paths import inside

LAYOUT: Final = 1
"""Increment it when the same corpus gives other files."""
_RECORD_EVERY_S: Final = 2.0
"""Interval at which the hashes of complete files are recorded; a killed export loses at most this."""


class Part(NamedTuple):
    """A file of an export."""

    path: str
    """Relative to the export, with ``/``."""
    write: Callable[[Path], None]
    """Writes the file under a temporary name; equal inputs give equal bytes."""


def write_parts(
    format_name: str, request: ExportRequest, parts: Sequence[Part], inputs: Sequence[object]
) -> ExportReport:
    """Write the files of an export; those that are complete already are left alone.

    The hash of each file is recorded when it is complete, so that the same call completes an interrupted export and
    writes damaged files again.

    :param inputs: all that the content depends on, as JSON values.
    :raises StemgmdError: if the folder holds anything else or another process writes to it.
    """
    out = request.out
    content: dict[str, Any] = {
        "format": f"stemgmd-export/{format_name}",
        "layout": LAYOUT,
        "options": dict(request.options),
        "inputs": hashlib.sha256(json.dumps(list(inputs)).encode()).hexdigest(),
    }
    try:
        require_own(out, content)
        with alone_in(out):
            recorded = require_own(out, content).get(HASHES, {})  # another process may have started one meanwhile
            written = _write_all(request, parts, content, {part.path: recorded.get(part.path) for part in parts})
    except OSError as error:
        where = error.filename or out
        raise CorpusError(f"{where}: {error.strerror or error}; fix that, then run the same command again") from error
    finally:
        request.progress.close()
    return ExportReport(len(parts), unchanged=not written)


def _write_all(
    request: ExportRequest, parts: Sequence[Part], content: dict[str, Any], hashes: dict[str, str | None]
) -> int:
    """Write the files that are not complete; return their number."""
    out, written, recorded_s = request.out, 0, 0.0
    if any(value is None for value in hashes.values()):
        write_own(out, {**content, HASHES: hashes})
    try:
        for done, part in enumerate(parts, start=1):
            written += _write(inside(out, part.path), part, hashes)
            if time.monotonic() - recorded_s > _RECORD_EVERY_S:
                write_own(out, {**content, HASHES: hashes})
                recorded_s = time.monotonic()
            request.progress.update(done, len(parts), f"{done:,}/{len(parts):,} files")
    finally:
        if written:
            write_own(out, {**content, HASHES: hashes})
    return written


def _write(path: Path, part: Part, hashes: dict[str, str | None]) -> bool:
    """Write one file; return False if it is complete already."""
    if hashes[part.path] is not None and path.is_file() and file_sha256(path) == hashes[part.path]:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = temporary_beside(path)
    try:
        part.write(temporary)
        hashes[part.path] = file_sha256(temporary)
        put_in_place([(temporary, path)])
    finally:
        temporary.unlink(missing_ok=True)
    return True
