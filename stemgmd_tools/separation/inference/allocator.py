"""Memory: how this process asks its system for it, worth a tenth to almost half of a network's time; and its end."""

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


@contextmanager
def enough_memory(mend: str) -> Iterator[None]:
    """Say in one line that memory was not enough.

    :param mend: what to do about it.
    :raises UsageError: if memory runs out, the device's or the machine's.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not isinstance(error, (MemoryError, torch.OutOfMemoryError)) and "allocate memory" not in str(error):
            raise
        whose = "the device's" if isinstance(error, torch.OutOfMemoryError) else "the machine's"
        raise UsageError(f"{whose} memory is not enough; {mend}") from error
