"""A thread-safe least-recently-used cache with a limit on the total weight of its values."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
Value = TypeVar("Value")


def _unit_weight(value: object) -> int:  # noqa: ARG001 - the weight of anything
    return 1


class LruCache(Generic[Key, Value]):
    """A cache that drops the least recently used values. Threads may share it.

    :param limit: the largest sum of weights; the last value stays even if it alone is heavier.
    :param weight: weight of a value; each counts 1 if omitted.
    """

    def __init__(self, limit: int, weight: Callable[[Value], int] = _unit_weight) -> None:
        """Start empty."""
        self._limit, self._weight = limit, weight
        self._values: OrderedDict[Key, Value] = OrderedDict()
        self._lock = threading.Lock()
        self.total = 0
        """Sum of the weights of all values."""

    def __len__(self) -> int:
        """Return how many values there are."""
        return len(self._values)

    def get(self, key: Key, make: Callable[[], Value]) -> Value:
        """Return the value of ``key``; if it is absent, call ``make``. Two threads may do so at the same time."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
                return self._values[key]
        value = make()
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self.total += self._weight(value)
            while self.total > self._limit and len(self._values) > 1:
                _, old = self._values.popitem(last=False)
                self.total -= self._weight(old)
        return value
