"""A server of the page of a corpus, in a thread."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from stemgmd_tools.explore.corpus import ExploredCorpus
from stemgmd_tools.explore.server import ExploreServer


@contextmanager
def serving(corpus: ExploredCorpus, page: bytes) -> Iterator[ExploreServer]:
    """Serve a corpus in a thread."""
    with ExploreServer(corpus, page) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
