"""Download files of known size and hash over HTTP: several at once, resumed after interruptions, verified.

A file is written under its name with the suffix ``.part``. What is there of it is kept when the connection fails or the
process is killed; the next attempt asks for the rest with a range request, and starts over where the server has none.
"""

from __future__ import annotations

import queue
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import requests
import urllib3

from stemgmd_tools.errors import FetchError
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX, file_sha256, put_in_place, written
from stemgmd_tools.version import __version__

AT_ONCE: Final = 8
"""Files that are downloaded in parallel."""
MAX_PAUSE_S: Final = 30.0
_TRANSIENT: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""HTTP statuses after which the download is tried again (RFC 9110, RFC 6585)."""
_LASTING: Final = (
    requests.TooManyRedirects,
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    requests.exceptions.MissingSchema,
    urllib3.exceptions.LocationValueError,
)
"""Failures of an address, or of one that a server redirects to, which another attempt does not change."""
_PARTIAL: Final = 206
_BAD_RANGE: Final = 416
_CHUNK_BYTES: Final = 1 << 16
_LEAST_BYTES: Final = 1 << 13
"""A connection that brings less than this within the timeout counts as failed."""
_LEAVE_S: Final = 2.0
"""How long unfinished downloads are waited for after a failure; a thread that waits for a server is left behind."""


@dataclass(frozen=True, slots=True)
class Patience:
    """Retries, timeouts and the size limit of a download."""

    attempts: int = 5
    """Attempts in a row that bring next to nothing."""
    pause_s: float = 1.0
    """Pause before the second attempt; doubled after each, at most :data:`MAX_PAUSE_S`."""
    timeout_s: float = 30.0
    """Maximum time in which the server sends next to nothing."""
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


class _Permit:
    """Allows a thread to change files. After a failure, a thread may be left behind while the same files are fetched
    again: it must not change them any more.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._withdrawn = False

    @contextmanager
    def used(self) -> Iterator[None]:
        """Change files; the permit cannot be withdrawn meanwhile.

        :raises _StoppedError: if it has been withdrawn.
        """
        with self._lock:
            if self._withdrawn:
                raise _StoppedError
            yield

    def withdraw(self) -> None:
        with self._lock:
            self._withdrawn = True


def download_all(
    downloads: Iterable[Download], *, patience: Patience, progress: Callable[[int], None] = lambda _: None
) -> None:
    """Download files, several at once; each appears under its name when its size and hash are verified.

    :param progress: receives numbers of bytes, one call at a time, those of parts that were there already included;
        negative if an attempt starts over.
    :raises FetchError: for the first file that cannot be had; files that are complete and parts of others stay.
    """
    jobs = list(downloads)
    waiting: queue.SimpleQueue[Download] = queue.SimpleQueue()
    results: queue.SimpleQueue[BaseException | None] = queue.SimpleQueue()
    stop, lock = threading.Event(), threading.Lock()

    def received(size: int) -> None:
        with lock:
            if not stop.is_set():
                progress(size)

    def work(permit: _Permit) -> None:
        with suppress(queue.Empty):
            while True:
                results.put(_failure(waiting.get_nowait(), patience, received, permit))

    for one in jobs:
        waiting.put(one)
    permits = [_Permit() for _ in jobs[:AT_ONCE]]
    threads = [threading.Thread(target=work, args=(permit,), daemon=True) for permit in permits]
    try:
        for thread in threads:
            thread.start()
        for _ in jobs:
            if failure := results.get():
                raise failure
    finally:
        stop.set()
        _leave(threads, permits)


def _leave(threads: Iterable[threading.Thread], permits: Iterable[_Permit]) -> None:
    """Let threads change nothing more, and wait for them for a while."""
    for permit in permits:
        permit.withdraw()
    until = time.monotonic() + _LEAVE_S
    for thread in threads:
        thread.join(max(0.0, until - time.monotonic()))


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


def transient_failure(url: str, error: requests.RequestException | urllib3.exceptions.HTTPError) -> str:
    """Return what failed, if another attempt may succeed.

    :raises FetchError: if the server refused for good, or the address is not valid.
    """
    if isinstance(error, _LASTING):
        raise FetchError(f"{url}: {_reason(error).removesuffix('.')}; is the address right?") from error
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


def _failure(
    one: Download, patience: Patience, progress: Callable[[int], None], permit: _Permit
) -> BaseException | None:
    """Download a file; return what is to be raised in the calling thread."""
    try:
        _download(one, patience, progress, permit)
    except BaseException as error:  # noqa: BLE001 - raised there
        return error
    return None


def _download(one: Download, patience: Patience, progress: Callable[[int], None], permit: _Permit) -> None:
    require_http(one.url)
    part = one.target.with_name(f"{one.target.name}{TEMPORARY_SUFFIX}")
    with written(one.target, FetchError):
        with permit.used():
            one.target.parent.mkdir(parents=True, exist_ok=True)
        resumed = _size(part) > 0
        progress(_size(part))
        _complete(one, part, patience, progress, permit)
        fault = _fault(one, part)
        if fault and resumed:  # the part may be of another file: once from the start
            with permit.used():
                _drop(part, progress)
            _complete(one, part, patience, progress, permit)
            fault = _fault(one, part)
        with permit.used():
            if fault:
                part.unlink(missing_ok=True)
                raise _wrong(one, fault)
            put_in_place([(part, one.target)])


def _complete(one: Download, part: Path, patience: Patience, progress: Callable[[int], None], permit: _Permit) -> None:
    """Receive what is missing of a file, with as many attempts as make progress."""
    failures, failure = 0, ""
    while failures < patience.attempts:
        patience.wait(failures)
        with permit.used():
            before = _size(part)
        if one.bytes is not None and before >= one.bytes:
            return
        try:
            failure = _receive(one, part, patience, progress, permit)
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            failure = transient_failure(one.url, error)
        if not failure and (one.bytes is None or _size(part) >= one.bytes):
            return
        failure = failure or f"the connection ended after {_size(part)} of {one.bytes} bytes"
        failures = 0 if _size(part) > before + _LEAST_BYTES else failures + 1
    raise FetchError(
        f"{one.url}: {failure}, {counted(patience.attempts, 'time')}; run the same command again to resume"
    )


def _receive(one: Download, part: Path, patience: Patience, progress: Callable[[int], None], permit: _Permit) -> str:
    """Ask once for a file, or for what is missing of it; return why it has to be asked for again, "" if it came.

    :raises FetchError: if the file is larger than it may be; nothing of it is kept.
    """
    have = _size(part)
    headers = agent_headers() | {"Accept-Encoding": "identity"} | ({"Range": f"bytes={have}-"} if have else {})
    with requests.get(one.url, headers=headers, stream=True, timeout=patience.timeout_s) as response:
        continues = response.status_code == _PARTIAL
        if have and (response.status_code == _BAD_RANGE or (continues and not _starts_at(response, have))):
            with permit.used():
                _drop(part, progress)
            return f"the server does not resume at byte {have}"
        response.raise_for_status()
        most = patience.max_bytes if one.bytes is None else one.bytes
        fits = _stated_bytes(response) <= most - have * continues
        if fits and _save(response, part, most, continues, patience, progress, permit):
            return ""
    with permit.used():
        _drop(part, progress)
    raise _wrong(one, _too_large(one, most))


def _save(
    response: requests.Response,
    part: Path,
    most: int,
    continues: bool,
    patience: Patience,
    progress: Callable[[int], None],
    permit: _Permit,
) -> bool:
    """Write what a server sends; return False once the file is larger than ``most`` bytes."""
    with permit.used():
        if not continues:
            progress(-_size(part))
        file = part.open("ab" if continues else "wb")
    with file:
        for chunk in _chunks(response, patience.timeout_s):
            with permit.used():
                file.write(chunk)
                file.flush()
            progress(len(chunk))
            if file.tell() > most:
                return False
    return True


def _chunks(response: requests.Response, timeout_s: float) -> Iterator[bytes]:
    """Yield what a server sends as it comes.

    :raises requests.ReadTimeout: if it sends next to nothing for a time.
    """
    began_s, received = time.monotonic(), 0
    while chunk := response.raw.read1(_CHUNK_BYTES, decode_content=True):
        yield chunk
        received += len(chunk)
        now_s = time.monotonic()
        if now_s - began_s > timeout_s:
            if received < _LEAST_BYTES:
                raise requests.ReadTimeout(f"{received} bytes in {now_s - began_s:.0f} s")
            began_s, received = now_s, 0


def _stated_bytes(response: requests.Response) -> int:
    """Return how many bytes the server will send, 0 if it does not say."""
    length = response.headers.get("Content-Length", "")
    is_plain = response.headers.get("Content-Encoding", "identity") == "identity"
    return int(length) if is_plain and length.isascii() and length.isdecimal() else 0


def _starts_at(response: requests.Response, place: int) -> bool:
    return response.headers.get("Content-Range", "").replace("=", " ").startswith(f"bytes {place}-")


def _drop(part: Path, progress: Callable[[int], None]) -> None:
    """Remove what is there of a file."""
    progress(-_size(part))
    part.unlink(missing_ok=True)


def _too_large(one: Download, most: int) -> str:
    if one.bytes is None:
        return f"more than {most} bytes, the largest file that is fetched"
    return f"wrong size: expected {most} bytes, got more"


def _wrong(one: Download, fault: str) -> FetchError:
    return FetchError(f"{one.url}: {fault}; nothing of it was kept; try another --mirror, or later")


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
