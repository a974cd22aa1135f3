"""Standard streams that are closed when a command starts, as with ``stemgmd ... >&-``."""

from __future__ import annotations

import os
import sys
from typing import Final

from stemgmd_tools.errors import UsageError

_STREAMS: Final = 3


def reopen_closed_streams() -> bool:
    """Open closed standard streams on the null device; return whether standard output was closed.

    Otherwise the next opened file would get the stream's number, and output of C libraries would go into it.
    """
    silent = sys.stdout is None
    for number in range(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # gets the lowest free number, which is this one
            os.set_inheritable(opened, True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - open until the process ends
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    return silent


def require_stdout(silent: bool) -> None:
    """Check that standard output is open.

    :param silent: the result of :func:`reopen_closed_streams`.
    :raises UsageError: if it was closed.
    """
    if silent:
        raise UsageError("standard output is closed; send it to a file, or to /dev/null")
