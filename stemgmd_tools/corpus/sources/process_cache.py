"""The caches that one process holds for a virtual corpus, each of bounded size."""

from __future__ import annotations

import os
import threading
from typing import Final

import pandas as pd

from stemgmd_tools.corpus.sources.lru_cache import LruCache
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.rendering.headroom import Peaks
from stemgmd_tools.rendering.segment import Buffers, Score

OPEN_BANKS: Final = 16
"""Number of banks a process keeps mapped. Workers share their pages; reopening one takes some milliseconds."""
KEPT_RUNS: Final = 1 << 20
"""Runs of scores that a process keeps, 32 bytes each: a seventh of GMD through ten kits."""
RUNS_OF_A_SCORE: Final = 32
"""Weight of a score beside its runs: the arrays themselves take some room."""
KEPT_PEAKS: Final = 1 << 8
"""Kits whose peaks a process keeps, a quarter of a megabyte each."""
KEPT_GAINS: Final = 1 << 17
"""Headroom gains that a process keeps: more than there are performances x 100 kits."""


class Memory:
    """The caches of one process for a virtual corpus."""

    def __init__(self) -> None:
        """Start with empty caches."""
        self.process = os.getpid()
        self.tables: dict[str, pd.DataFrame] = {}
        self.banks: LruCache[str, Bank] = LruCache(OPEN_BANKS)
        self.peaks: LruCache[str, Peaks] = LruCache(KEPT_PEAKS)
        self.scores: LruCache[tuple[str, str], Score] = LruCache(
            KEPT_RUNS, lambda score: RUNS_OF_A_SCORE + len(score.runs)
        )
        self.gains: LruCache[tuple[str, str], float] = LruCache(KEPT_GAINS)
        self.lengths: LruCache[tuple[str, str], int] = LruCache(KEPT_GAINS)
        self._of_thread = threading.local()

    @property
    def buffers(self) -> Buffers:
        """The calling thread's buffers."""
        buffers: Buffers | None = getattr(self._of_thread, "buffers", None)
        if buffers is None:
            buffers = self._of_thread.buffers = Buffers()
        return buffers
