"""The caches that one process holds for a virtual corpus, each of bounded size."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

import pandas as pd
from cachetools import LRUCache

from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.microphones import MicrophoneBank
from stemgmd_tools.rendering.headroom import Peaks
from stemgmd_tools.rendering.runs import Runs
from stemgmd_tools.rendering.segment import Buffers, Score

OPEN_BANKS: Final = 16
"""Number of banks a process keeps mapped. Workers share their pages; reopening one takes some milliseconds."""
OPEN_MICROPHONE_BANKS: Final = 4
"""Number of banks of microphones that a process keeps mapped; each is several times as large as a bank."""
CACHED_RUNS: Final = 1 << 20
"""Runs of scores that a process keeps, 32 bytes each: a seventh of GMD through ten kits."""
RUNS_OF_A_SCORE: Final = 32
"""Weight of a score beside its runs: the arrays themselves take some room."""
CACHED_PEAKS: Final = 1 << 8
"""Kits whose peaks a process keeps, a quarter of a megabyte each."""
CACHED_GAINS: Final = 1 << 17
"""Headroom gains that a process keeps: more than there are performances x 100 kits."""


Key = TypeVar("Key", bound=Hashable)
Cached = TypeVar("Cached")


class SharedCache(Generic[Key, Cached]):
    """A cache that drops the least recently used values and that threads may share.

    :param limit: the largest sum of weights; a value that is heavier is held alone.
    :param weight: weight of a value; each counts 1 if omitted.
    """

    def __init__(self, limit: int, weight: Callable[[Cached], int] | None = None) -> None:
        """Start empty."""
        size = None if weight is None else lambda value: min(weight(value), limit)
        self._values: LRUCache[Key, Cached] = LRUCache(limit, size)
        self._lock = threading.Lock()

    @property
    def total(self) -> int:
        """Sum of the weights of all values."""
        return int(self._values.currsize)

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._values)

    def get(self, key: Key, make: Callable[[], Cached]) -> Cached:
        """Return the value of ``key``; if it is absent, call ``make``. Two threads may do so at the same time."""
        with self._lock:
            if key in self._values:
                return self._values[key]
        value = make()
        with self._lock:
            return self._values.setdefault(key, value)


class Memory:
    """The caches of one process for a virtual corpus."""

    def __init__(self) -> None:
        """Start with empty caches."""
        self.process = os.getpid()
        self.tables: dict[str, pd.DataFrame] = {}
        self.banks: SharedCache[str, Bank] = SharedCache(OPEN_BANKS)
        self.peaks: SharedCache[str, Peaks] = SharedCache(CACHED_PEAKS)
        self.scores: SharedCache[tuple[str, str], Score] = SharedCache(
            CACHED_RUNS, lambda score: RUNS_OF_A_SCORE + len(score.runs)
        )
        self.gains: SharedCache[tuple[str, str], float] = SharedCache(CACHED_GAINS)
        self.lengths: SharedCache[tuple[str, str], int] = SharedCache(CACHED_GAINS)
        self.microphone_banks: SharedCache[str, MicrophoneBank] = SharedCache(OPEN_MICROPHONE_BANKS)
        self.microphone_runs: SharedCache[tuple[str, str], list[Runs]] = SharedCache(
            CACHED_RUNS, lambda runs: sum(map(len, runs))
        )
        self._of_thread = threading.local()

    @property
    def buffers(self) -> Buffers:
        """The calling thread's buffers."""
        buffers: Buffers | None = getattr(self._of_thread, "buffers", None)
        if buffers is None:
            buffers = self._of_thread.buffers = Buffers()
        return buffers
