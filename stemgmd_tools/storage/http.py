"""Download files of known size and hash over HTTP: several at once, resumed after interruptions, verified.

A file is written under its name with the suffix ``.part``. What is there of it is kept when the connection fails or the
process is killed; the next attempt asks for the rest with a range request, and starts over where the server has none.
"""

from __future__ import annotations

import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests

from stemgmd_tools.errors import FetchError, shown
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX, file_sha256, put_in_place
from stemgmd_tools.version import __version__

AT_ONCE: Final = 8
"""Files that are downloaded in parallel."""
MAX_PAUSE_S: Final = 30.0
_TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which the download is tried again (RFC 9110, RFC 6585)."""
_PARTIAL: Final = 206
_BAD_RANGE: Final = 416
_CHUNK_BYTES: Final = 1 << 13
"""Most that is lost when a connection breaks."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Retries, timeouts and the size limit of a download."""

    attempts: int = 5
    """Attempts without a byte of progress."""
    pause_s: float = 1.0
    """Pause before the second attempt; doubled after each, at most :data:`MAX_PAUSE_S`."""
    timeout_s: float = 30.0
    """Maximum time without data from the server."""
    max_bytes: int = 8 << 30

    def wait(self, failures: int) -> None:
        """Wait after so many failures in a row."""
        if failures:
            time.sleep(min(self.pause_s * 2 ** (failures - 1), MAX_PAUSE_S))


@dataclass(frozen=True, slots=True)
class Download:
    """One file to download."""

    url: str
    target: Path
    bytes: int | None
    """Its size; None if it is unknown."""
    sha256: str | None
    """Its hash; None if it is unknown."""


class _StoppedError(Exception):
    """Another download has failed."""


def download_all(
    downloads: Iterable[Download], *, patience: Patience, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Download files, several at once; each appears under its name when its size and hash are verified.

    :param progress: receives numbers of bytes, one call at a time, those of parts that were there already included;
        negative if an attempt starts over.
    :raises FetchError: for the first file that cannot be had; files that are complete and parts of others stay.
    """
    stop, lock = threading.Event(), threading.Lock()

    def counted(size: int) -> None:
        with lock:
            progress(size)

    with ThreadPoolExecutor(AT_ONCE) as threads:
        try:
            futures = [threads.submit(_download, one, patience, counted, stop) for one in downloads]
            for future in as_completed(futures):
                future.result()
        except BaseException:
            stop.set()
            threads.shutdown(cancel_futures=True)
            raise


def require_http(url: str) -> None:
    """Check that an address is valid.

    :raises FetchError: if it is not http or https.
    """
    try:
        parts = urllib.parse.urlsplit(url)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError as error:
        raise FetchError(f"{url}: not an address ({error}); give one like https://host/file.zip") from error
    if not usable or not url.isascii() or any(c.isspace() or not c.isprintable() for c in url):
        raise FetchError(f"{url!r}: only http and https addresses, without spaces, are fetched")


def quoted(path: str) -> str:
    """Return a path as part of an address."""
    return urllib.parse.quote(path)


def transient_failure(url: str, error: requests.RequestException) -> str:
    """Return what failed, if another attempt may succeed.

    :raises FetchError: if the server refused for good.
    """
    if not isinstance(error, requests.HTTPError):
        return f"the connection failed ({_reason(error)})"
    failure = f"the server answered {error}".partition(" for url")[0]
    if error.response is None or error.response.status_code not in _TRANSIENT:
        raise FetchError(f"{url}: {failure}; is the address right?") from error
    return failure


def _reason(error: BaseException) -> str:
    """Return the innermost cause of a failed connection."""
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    if isinstance(inner, BaseException):
        return _reason(inner)
    return " ".join(str(error).split()) or type(error).__name__


def agent_headers() -> dict[str, str]:
    """Return the headers that name this program."""
    return {"User-Agent": f"stemgmd-tools/{__version__}"}


def _download(one: Download, patience: Patience, progress: Callable[[int], None], stop: threading.Event) -> None:
    require_http(one.url)
    part = one.target.with_name(f"{one.target.name}{TEMPORARY_SUFFIX}")
    with _write_errors(one.target):
        one.target.parent.mkdir(parents=True, exist_ok=True)
        resumed = _size(part) > 0
        progress(_size(part))
        _complete(one, part, patience, progress, stop)
        if resumed and _fault(one, part):  # the part may be of another file: once from the start
            progress(-_size(part))
            part.unlink()
            _complete(one, part, patience, progress, stop)
        fault = _fault(one, part)
        if fault:
            part.unlink()
            raise FetchError(f"{one.url}: {fault}; nothing of it was kept; try another --mirror, or later")
        put_in_place([(part, one.target)])


def _complete(
    one: Download, part: Path, patience: Patience, progress: Callable[[int], None], stop: threading.Event
) -> None:
    """Receive what is missing of a file, with as many attempts as make progress."""
    failures, failure = 0, ""
    while failures < patience.attempts:
        patience.wait(failures)
        if stop.is_set():
            raise _StoppedError
        before = _size(part)
        if one.bytes is not None and before >= one.bytes:
            return
        try:
            _receive(one, part, patience, progress, stop)
        except requests.RequestException as error:
            failure = transient_failure(one.url, error)
        else:
            if one.bytes is None or _size(part) >= one.bytes:
                return
            failure = f"the connection ended after {_size(part)} of {one.bytes} bytes"
        failures = 0 if _size(part) > before else failures + 1
    raise FetchError(f"{one.url}: {failure}, {patience.attempts} times; run the same command again to resume")


def _receive(
    one: Download, part: Path, patience: Patience, progress: Callable[[int], None], stop: threading.Event
) -> None:
    """Ask once for a file, or for what is missing of it."""
    have = _size(part)
    headers = agent_headers() | {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(one.url, headers=headers, stream=True, timeout=patience.timeout_s) as response:
        if response.status_code == _BAD_RANGE:
            progress(-have)
            part.unlink()
            return
        response.raise_for_status()
        continues = response.status_code == _PARTIAL and _starts_at(response, have)
        if have and not continues:
            progress(-have)
        with part.open("ab" if continues else "wb") as file:
            most = patience.max_bytes if one.bytes is None else one.bytes
            for chunk in response.iter_content(_CHUNK_BYTES):
                if stop.is_set():
                    raise _StoppedError
                file.write(chunk)
                progress(len(chunk))
                if file.tell() > most:
                    return


def _starts_at(response: requests.Response, frame: int) -> bool:
    return response.headers.get("Content-Range", "").replace("=", " ").startswith(f"bytes {frame}-")


def _fault(one: Download, part: Path) -> str:
    """Return what is wrong with a received file, "" if nothing is."""
    size = _size(part)
    if one.bytes is not None and size != one.bytes:
        return f"wrong size: expected {one.bytes} bytes, got {'more' if size > one.bytes else size}"
    actual = file_sha256(part) if one.sha256 else None
    return f"wrong bytes: expected SHA-256 {one.sha256}, got {actual}" if actual != one.sha256 else ""


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


@contextmanager
def _write_errors(target: Path) -> Iterator[None]:
    try:
        yield
    except requests.RequestException:
        raise  # an OSError too
    except OSError as error:
        raise FetchError(f"{shown(target)}: cannot be written ({error.strerror}); make room and run again") from error
