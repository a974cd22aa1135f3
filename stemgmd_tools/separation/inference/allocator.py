"""Memory allocation: keep freed memory for reuse, and report when memory runs out."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import torch

from stemgmd_tools.errors import UsageError

_TRIM_THRESHOLD: Final = -1
_MMAP_MAX: Final = -4
_NEVER: Final = 2**31 - 1
"""Free memory at the end of the heap is returned to the system only above this size, in bytes."""


def keep_freed_memory() -> bool:
    """Make glibc keep freed memory for this process; return whether it does.

    A network allocates and frees tensors of tens of megabytes at every layer. By default, glibc requests each from the
    kernel, which zeroes its pages again; this takes a tenth to almost half of a network's time. Call this once, early,
    in programs, not in libraries: the process keeps its peak memory.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, musl for one
        return False
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, _NEVER))


@contextmanager
def enough_memory(mend: str) -> Iterator[None]:
    """Turn out-of-memory errors into a :class:`UsageError`.

    :param mend: advice for the error message.
    :raises UsageError: if the memory of the device or the machine runs out.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, (MemoryError, torch.OutOfMemoryError)) and "allocate memory" not in str(error):
            raise
        whose = "the device's" if isinstance(error, torch.OutOfMemoryError) else "the machine's"
        raise UsageError(f"{whose} memory is not enough; {mend}") from error
