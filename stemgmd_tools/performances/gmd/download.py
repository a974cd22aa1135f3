"""Download a file with a known hash over HTTP, through pooch."""

from __future__ import annotations

import logging
import sys
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

import pooch
import requests

from stemgmd_tools.errors import FetchError
from stemgmd_tools.runtime.progress import Progress, progress_on
from stemgmd_tools.runtime.quantities import counted, size_text
from stemgmd_tools.storage.files import write_failure
from stemgmd_tools.storage.http import Patience, agent_headers, require_http, transient_failure


def download(url: str, target: Path, sha256: str, *, patience: Patience, show_progress: bool = True) -> None:
    """Download ``url`` to ``target``, which appears once its SHA-256 is verified; one that has it already is left.

    :raises FetchError: if the address is not http or https, the server refuses, the connection fails
        ``patience.attempts`` times, the content is wrong or too large, or it cannot be written.
    """
    require_http(url)
    failure = ""
    for attempt in range(patience.attempts):
        patience.wait(attempt)
        try:
            _retrieve(url, target, sha256, patience, show_progress)
        except requests.RequestException as error:
            failure = transient_failure(url, error)
        else:
            return
    raise FetchError(
        f"{url}: {failure}, after {counted(patience.attempts, 'attempt')}; run the same command again later"
    )


def _retrieve(url: str, target: Path, sha256: str, patience: Patience, show_progress: bool) -> None:
    """Try once.

    :raises requests.RequestException: if the server refuses or the connection fails.
    """
    pooch.get_logger().setLevel(logging.WARNING)  # by default pooch reports each download
    progress = progress_on(sys.stderr, quiet=not show_progress, title=f"{target.name[:20]} ")
    http = pooch.HTTPDownloader(
        progressbar=_Progress(progress),
        timeout=patience.timeout_s,
        headers=agent_headers(),
    )

    def limited(url: str, output: str, _: object) -> None:
        with Path(output).open("wb") as file:
            http(url, _Limited(file, url, patience.max_bytes), None)

    try:
        with closing(progress):
            pooch.retrieve(url, f"sha256:{sha256}", fname=target.name, path=target.parent, downloader=limited)
    except requests.RequestException:
        raise  # an OSError too
    except OSError as error:
        raise write_failure(target, error, FetchError) from error
    except ValueError as error:
        raise FetchError(
            f"{url}: the SHA-256 of its content is not {sha256}; the download was dropped, give another --url"
        ) from error


class _Limited:
    """A file that may not grow beyond a size."""

    def __init__(self, file: BinaryIO, url: str, max_bytes: int) -> None:
        self._file, self._url, self._max_bytes = file, url, max_bytes

    def write(self, chunk: bytes) -> None:
        """Append bytes; raise :class:`FetchError` if they are too many."""
        if self._file.tell() + len(chunk) > self._max_bytes:
            raise FetchError(f"{self._url}: more than {self._max_bytes} bytes; that cannot be the archive")
        self._file.write(chunk)

    def flush(self) -> None:
        """Write what is buffered."""
        self._file.flush()


class _Progress:
    """Progress in bytes, as pooch reports it."""

    def __init__(self, progress: Progress) -> None:
        self._progress, self._done = progress, 0
        self.total = 0
        """0 if it is unknown."""

    def update(self, size: int) -> None:
        """Receive the size of a chunk."""
        self._done += size
        self._progress.update(self._done, self.total or None, size_text(self._done))

    def reset(self) -> None:
        """Start over."""
        self._done = 0

    def close(self) -> None:
        """Finish."""
        self._progress.close()
