"""Download a file over HTTP, resuming partial downloads."""

from __future__ import annotations

import http.client
import re
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from stemgmd_tools.errors import FetchError
from stemgmd_tools.runtime.progress import progress_on
from stemgmd_tools.runtime.quantities import size_text
from stemgmd_tools.version import __version__

CHUNK_BYTES: Final = 1 << 16
MAX_PAUSE_S: Final = 30.0
_TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which the download is tried again (RFC 9110, RFC 6585)."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Retries, timeouts and the size limit of a download."""

    attempts: int = 8
    pause_s: float = 1.0
    """Pause before the second attempt; doubled after each, at most :data:`MAX_PAUSE_S`."""
    timeout_s: float = 30.0
    """Maximum time without data from the server."""
    max_bytes: int = 1 << 30


def download(url: str, part: Path, *, patience: Patience, show_progress: bool = True) -> None:
    """Download ``url`` to the file ``part``, resuming a partial download.

    The caller has to verify the content. The progress bar is shown on terminals only.

    :raises FetchError: if the address is not http or https, the server refuses, the connection fails
        ``patience.attempts`` times (``part`` is kept), the file is too large, or it cannot be written.
    """
    _require_http(url)
    failure: str | None = None
    for attempt in range(patience.attempts):
        if attempt:
            time.sleep(min(patience.pause_s * 2 ** (attempt - 1), MAX_PAUSE_S))
        failure = _attempt(url, part, patience, show_progress)
        if failure is None:
            return
    raise FetchError(
        f"{url}: {failure}, after {patience.attempts} attempts; {_size(part)} bytes are kept, "
        "run the same command again to continue"
    )


def _require_http(url: str) -> None:
    """Check that an address is valid."""
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise FetchError(f"{url}: not an address ({error}); give one like https://host/file.zip") from error
    if not usable or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        raise FetchError(f"{url!r}: only http and https addresses, without spaces, are fetched")


def _attempt(url: str, part: Path, patience: Patience, show_progress: bool) -> str | None:
    """Try once; return None if the download is complete, else the error."""
    have = _size(part)
    headers = {"User-Agent": f"stemgmd-tools/{__version__}"}
    if have:
        headers["Range"] = f"bytes={have}-"
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme has been checked
    try:
        with urllib.request.urlopen(request, timeout=patience.timeout_s) as response:  # noqa: S310 - likewise
            return _receive(response, part, _first_byte(response, have), patience, show_progress)
    except urllib.error.HTTPError as error:
        with error:
            return _refused(error, url, part, have)
    except urllib.error.URLError as error:
        return f"no connection ({error.reason})"
    except (http.client.HTTPException, OSError) as error:
        return f"connection failed ({error or type(error).__name__})"


def _refused(error: urllib.error.HTTPError, url: str, part: Path, have: int) -> str | None:
    if error.code == http.HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and have:
        total = re.fullmatch(r"bytes \*/(\d+)", error.headers.get("Content-Range", ""))
        if total and int(total[1]) == have:
            return None
        part.unlink(missing_ok=True)
        return "the partial file did not fit and was dropped"
    if error.code in _TRANSIENT:
        return f"the server answered {error.code} {error.reason}"
    raise FetchError(f"{url}: the server answered {error.code} {error.reason}; is the address right?")


def _first_byte(response: http.client.HTTPResponse, have: int) -> int:
    """Return the position of the response in the file; 0 if the server ignored the range."""
    if response.status != http.HTTPStatus.PARTIAL_CONTENT:
        return 0
    span = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if not span or int(span[1]) != have:
        raise http.client.HTTPException(f"the server sent another range than bytes {have}-")
    return have


def _receive(
    response: http.client.HTTPResponse, part: Path, start: int, patience: Patience, show_progress: bool
) -> str | None:
    stated = response.headers.get("Content-Length", "")
    total = start + int(stated) if stated.isdigit() else None
    position = start
    with (
        _opened(part, start) as file,
        closing(progress_on(sys.stderr, quiet=not show_progress, title=f"{part.name[:20]} ")) as progress,
    ):
        while chunk := response.read(CHUNK_BYTES):
            position += len(chunk)
            if position > patience.max_bytes:
                raise FetchError(f"{response.url}: more than {patience.max_bytes} bytes; that cannot be the archive")
            try:
                file.write(chunk)
                file.flush()
            except OSError as error:
                raise FetchError(f"{part}: cannot be written ({error.strerror}); make room and run again") from error
            progress.update(position, total, size_text(position))
    if total is not None and position < total:
        return f"connection cut after {position} of {total} bytes"
    return None


def _opened(part: Path, start: int) -> BinaryIO:
    try:
        return part.open("ab" if start else "wb")
    except OSError as error:
        raise FetchError(f"{part}: cannot be written ({error.strerror})") from error


def _size(part: Path) -> int:
    return part.stat().st_size if part.exists() else 0
