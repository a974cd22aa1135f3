"""Serve the page of a corpus on this computer, read-only.

The server listens on the loopback address only. Every path starts with a random token, and a request whose ``Host`` is
not the server's own is refused, so that neither other users nor other sites, by rebinding a name, can read the corpus.
"""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable, Mapping
from functools import lru_cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from stemgmd_tools.errors import StemgmdError, UsageError
from stemgmd_tools.explore.clips import Query
from stemgmd_tools.explore.corpus import ExploredCorpus
from stemgmd_tools.rendering.kit_page.page import kit_page

ADDRESS: Final = "127.0.0.1"
_HTML: Final = "text/html; charset=utf-8"
_JSON: Final = "application/json"
_WAV: Final = "audio/wav"
_RANGE: Final = re.compile(r"bytes=(\d{0,15})-(\d{0,15})")
_HEADERS: Final = {
    "Cache-Control": "no-store",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Content(NamedTuple):
    """The body of an answer and its media type."""

    body: bytes
    kind: str


class ExploreServer(ThreadingHTTPServer):
    """A server of one corpus.

    :param page: the HTML page.
    :param port: 0 for a free one.
    """

    daemon_threads = True

    def __init__(self, corpus: ExploredCorpus, page: bytes, port: int = 0) -> None:
        """Bind the port."""
        self.token = secrets.token_urlsafe(16)
        self.corpus, self.page = corpus, page
        super().__init__((ADDRESS, port), _Handler)
        self.hosts = frozenset(f"{name}:{self.server_port}" for name in (ADDRESS, "localhost"))
        self._kit_page = lru_cache(maxsize=4)(lambda name: kit_page(corpus.kit(name)))

    @property
    def url(self) -> str:
        """The address of the page."""
        return f"http://{ADDRESS}:{self.server_port}/{self.token}/"

    def content(self, path: str, query: Query) -> Content | None:
        """Return what a path below the token holds; None if there is nothing.

        :raises StemgmdError: if a parameter is not valid, or the corpus cannot be read.
        """
        if path == "":
            return Content(self.page, _HTML)
        if path.startswith("kit/"):
            return Content(self._kit_page(unquote(path.removeprefix("kit/"))), _HTML)
        answers: Mapping[str, Callable[[], Any]] = {
            "api/clips": lambda: self.corpus.clips.page(query),
            "api/hours": lambda: self.corpus.clips.hours(_text(query, "by"), query),
            "api/clip": lambda: self.corpus.clip(*_clip(query)),
        }
        if path in answers:
            return Content(json.dumps(answers[path](), separators=(",", ":")).encode(), _JSON)
        if path == "api/audio":
            return Content(self.corpus.sounds.wav(*_clip(query), _text(query, "track")), _WAV)
        if path == "api/source" and self.corpus.parent_sounds is not None:
            return Content(self.corpus.parent_sounds.wav(*_clip(query), _text(query, "track")), _WAV)
        return None


class _Handler(BaseHTTPRequestHandler):
    """One request. Other methods than GET are refused by the base class with status 501."""

    server: ExploreServer
    protocol_version = "HTTP/1.1"
    timeout = 60

    def do_GET(self) -> None:
        """Answer a request."""
        if self.headers.get("Host", "") not in self.server.hosts:
            self._send(HTTPStatus.FORBIDDEN, _problem("this server answers under its own address only"))
            return
        parts = urlsplit(self.path)
        token, _, path = parts.path.removeprefix("/").partition("/")
        if not hmac.compare_digest(token.encode(), self.server.token.encode()):
            self._send(HTTPStatus.NOT_FOUND, _problem("not found; open the address that `stemgmd explore` printed"))
            return
        try:
            content = self.server.content(path, parse_qs(parts.query, max_num_fields=100))
        except (StemgmdError, ValueError) as error:
            status = HTTPStatus.BAD_REQUEST if isinstance(error, (UsageError, ValueError)) else HTTPStatus.CONFLICT
            self._send(status, _problem(str(error)))
            return
        if content is None:
            self._send(HTTPStatus.NOT_FOUND, _problem("not found"))
        elif content.kind == _WAV:
            self._send_range(content)
        else:
            self._send(HTTPStatus.OK, content)

    def _send_range(self, content: Content) -> None:
        """Send the whole, or the one range of bytes that is asked for."""
        size = len(content.body)
        match = _RANGE.fullmatch(self.headers.get("Range", ""))
        if match is None or not any(match.groups()):
            self._send(HTTPStatus.OK, content, {"Accept-Ranges": "bytes"})
            return
        first, last = match.groups()
        start = int(first) if first else max(size - int(last), 0)
        end = min(int(last), size - 1) if first and last else size - 1
        if start > end:
            self._send(
                HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, Content(b"", _WAV), {"Content-Range": f"bytes */{size}"}
            )
            return
        part = Content(content.body[start : end + 1], _WAV)
        self._send(HTTPStatus.PARTIAL_CONTENT, part, {"Content-Range": f"bytes {start}-{end}/{size}"})

    def _send(self, status: HTTPStatus, content: Content, headers: Mapping[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {**_HEADERS, **(headers or {})}.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content.kind)
        self.send_header("Content-Length", str(len(content.body)))
        self.end_headers()
        try:
            self.wfile.write(content.body)
        except ConnectionError:
            self.close_connection = True  # the page was left before the answer came

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - as in the base class
        """Write no log."""


def _problem(message: str) -> Content:
    return Content(json.dumps({"error": message}).encode(), _JSON)


def _text(query: Query, name: str) -> str:
    values = query.get(name)
    if not values:
        raise UsageError(f"{name} is missing")
    return values[0]


def _clip(query: Query) -> tuple[str, str, int]:
    """Return performance, kit and part."""
    part = query.get("part", ["0"])[0]
    if not (part.isascii() and part.isdigit() and len(part) < 6):
        raise UsageError(f"part is {part!r}; it is a number from 0")
    return _text(query, "performance"), _text(query, "kit"), int(part)
