"""An archive at an address of this machine, for the command that fetches one."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SERVER = """
import functools, http.server, sys
class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *args): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=sys.argv[1]))
print(server.server_address[1], flush=True)
server.serve_forever()
"""


@contextmanager
def served(archive: Path) -> Iterator[tuple[str, str]]:
    """Serve a file from a process of its own until the context is left; yield its address and its SHA-256."""
    command = [sys.executable, "-c", _SERVER, str(archive.parent)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            port = server.stdout.readline().strip() if server.stdout else ""
            yield f"http://127.0.0.1:{port}/{archive.name}", hashlib.sha256(archive.read_bytes()).hexdigest()
        finally:
            server.kill()
