"""The material at an address of this machine, for commands that fetch; some connections break off."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

BREAKING = "mirror"
"""Folder whose files come in several parts: every other connection is closed half-way."""
_SERVER = """
import functools, http.server, itertools, os, sys

class Handler(http.server.SimpleHTTPRequestHandler):
    numbers = itertools.count()

    def log_message(self, *args): pass

    def do_GET(self):
        path = self.translate_path(self.path)
        if not self.path.startswith("/" + sys.argv[2]) or not os.path.isfile(path):
            return super().do_GET()
        content = open(path, "rb").read()
        start = int(self.headers.get("Range", "bytes=0-")[6:-1])
        self.send_response(206 if start else 200)
        if start:
            self.send_header("Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}")
        body = content[start:]
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if next(self.numbers) % 2 and len(body) > 40_000 else body)
        self.close_connection = True

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=sys.argv[1]))
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """Serve a folder from a process of its own until the context is left; yield its address."""
    command = [sys.executable, "-c", _SERVER, str(folder), BREAKING]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            yield f"http://127.0.0.1:{port}"
        finally:
            server.kill()
