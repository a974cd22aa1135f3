"""A real HTTP server on loopback that serves files the way bad networks do."""

from __future__ import annotations

import threading
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Behaviour:
    """What the server does; read anew for every request."""

    content: bytes = b""
    """Served under every path that is not in ``files``."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Path, starting with ``/`` -> content; if it is not empty, other paths do not exist."""
    ranges: bool = False
    """Whether to answer range requests with the rest of the file."""
    refuses_ranges: bool = False
    """Whether to answer range requests with status 416."""
    wrong_ranges: bool = False
    """Whether to answer range requests with the end of the file, wherever they asked for it."""
    drip_s: float | None = None
    """Send one byte after so much time, until the client goes away."""
    stall_after: int | None = None
    """Send so many bytes of each answer, then nothing until the client goes away."""
    cut_after: int | None = None
    """Close the connection after so many bytes of each answer."""
    cuts: int = 10**9
    """How many answers are cut; later ones are whole."""
    statuses: list[int] = field(default_factory=list)
    """Answer the first requests with these errors."""
    redirect: str = ""
    """Redirect every request to this address."""
    first_waits: threading.Event | None = None
    """Answer the first request once this is set."""
    state_length: bool = True
    chunked: bool = False
    requests: list[str] = field(default_factory=list)
    """The path of every request."""
    starts: list[int] = field(default_factory=list)
    """First byte of every answer."""
    open: threading.Event = field(default_factory=threading.Event)
    """Set when the server ends."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    behaviour: Behaviour

    def do_GET(self) -> None:
        behaviour = self.behaviour
        behaviour.requests.append(self.path)
        self.close_connection = True
        if behaviour.first_waits and len(behaviour.requests) == 1:
            behaviour.first_waits.wait()
        if behaviour.redirect:
            self.send_response(302)
            self.send_header("Location", behaviour.redirect)
            self.end_headers()
            return
        if behaviour.statuses:
            self.send_error(behaviour.statuses.pop(0))
            return
        path = urllib.parse.unquote(self.path)
        if behaviour.files and path not in behaviour.files:
            self.send_error(404)
            return
        self._send(behaviour, behaviour.files.get(path, behaviour.content))

    def _send(self, behaviour: Behaviour, body: bytes) -> None:
        asked = self.headers.get("Range", "") if behaviour.ranges else ""
        start = int(asked.removeprefix("bytes=").removesuffix("-") or 0)
        if self.headers.get("Range") and behaviour.refuses_ranges:
            self.send_error(416)
            return
        if start and behaviour.wrong_ranges:
            start = len(body) - 1
        behaviour.starts.append(start)
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            body = body[start:]
        if behaviour.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        elif behaviour.state_length:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self._send_body(behaviour, body)

    def _send_body(self, behaviour: Behaviour, body: bytes) -> None:
        if behaviour.drip_s is not None:
            while not behaviour.open.wait(behaviour.drip_s):
                self.wfile.write(b"x")
                self.wfile.flush()
            return
        cut = behaviour.cut_after is not None and behaviour.cuts > 0 and len(body) > behaviour.cut_after
        sent = body[: behaviour.cut_after] if cut else body
        if behaviour.stall_after is not None:
            self.wfile.write(sent[: behaviour.stall_after])
            self.wfile.flush()
            behaviour.open.wait()
            return
        if cut:
            behaviour.cuts -= 1
        if behaviour.chunked:
            self.wfile.write(f"{len(sent):x}\r\n".encode() + sent + b"\r\n")
            if not cut:
                self.wfile.write(b"0\r\n\r\n")
        else:
            self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Keep quiet."""


@contextmanager
def serving(behaviour: Behaviour) -> Iterator[str]:
    """Serve on a free port of loopback; yield the address of the file."""
    handler = type("Handler", (_Handler,), {"behaviour": behaviour})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/groove.zip"
    finally:
        behaviour.open.set()
        server.shutdown()
        thread.join()
        server.server_close()
