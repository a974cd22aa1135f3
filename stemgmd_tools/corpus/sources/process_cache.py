"""What one process keeps of a virtual corpus, each within a bound."""

from __future__ import annotations

import os
import threading
from typing import Final

import pandas as pd

from stemgmd_tools.corpus.sources.lru_cache import Recent
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.rendering.headroom import Peaks
from stemgmd_tools.rendering.segment import Buffers, Score

OPEN_BANKS: Final = 16
"""Banks a process keeps mapped. All workers share their pages; opening one again takes some milliseconds."""
KEPT_RUNS: Final = 1 << 20
"""Runs of scores that a process keeps, 32 bytes each: a seventh of GMD through ten kits."""
RUNS_OF_A_SCORE: Final = 32
"""Weight of a score beside its runs: the arrays themselves take some room."""
KEPT_PEAKS: Final = 1 << 8
"""Kits whose peaks a process keeps, a quarter of a megabyte each."""
KEPT_GAINS: Final = 1 << 17
"""Headroom gains that a process keeps: more than there are performances x 100 kits."""


class Memory:
    """What one process keeps of a virtual corpus."""

    def __init__(self) -> None:
        """Keep nothing yet."""
        self.process = os.getpid()
        self.tables: dict[str, pd.DataFrame] = {}
        self.banks: Recent[str, Bank] = Recent(OPEN_BANKS)
        self.peaks: Recent[str, Peaks] = Recent(KEPT_PEAKS)
        self.scores: Recent[tuple[str, str], Score] = Recent(KEPT_RUNS, lambda score: RUNS_OF_A_SCORE + len(score.runs))
        self.gains: Recent[tuple[str, str], float] = Recent(KEPT_GAINS)
        self.lengths: Recent[tuple[str, str], int] = Recent(KEPT_GAINS)
        self._of_thread = threading.local()

    @property
    def buffers(self) -> Buffers:
        """Buffers of the calling thread."""
        found: Buffers | None = getattr(self._of_thread, "buffers", None)
        if found is None:
            found = self._of_thread.buffers = Buffers()
        return found
