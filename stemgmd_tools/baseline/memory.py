"""How this process asks its system for memory: worth a tenth to almost half of a network's time on a processor."""

from __future__ import annotations

import ctypes
import sys
from typing import Final

_TRIM_THRESHOLD: Final = -1
_MMAP_MAX: Final = -4
_NEVER: Final = 2**31 - 1
"""A free stretch at the end of the heap is not given back until it is this long, in bytes."""


def keep_freed_memory() -> bool:
    """Let the C library keep what it frees, for this process; return whether it can.

    A network makes and frees tensors of tens of megabytes at every layer. By default glibc fetches each from the kernel
    anew, which fills its pages with zeros one by one as they are met. Programs call this once, early; a library should
    not, since the process keeps its peak of memory.
    """
    if not sys.platform.startswith("linux"):
        return False
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, AttributeError):  # another C library, musl for one
        return False
    return bool(mallopt(_MMAP_MAX, 0)) and bool(mallopt(_TRIM_THRESHOLD, _NEVER))
