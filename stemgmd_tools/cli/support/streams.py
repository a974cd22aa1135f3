"""Standard streams that whoever starts a command has closed, as ``stemgmd ... >&-`` does."""

from __future__ import annotations

import os
import sys
from typing import Final

from stemgmd_tools.errors import UsageError

_STREAMS: Final = 3


def hold_streams() -> bool:
    """Point closed standard streams to nowhere; return whether standard output was closed.

    Else the next file that is opened would get the stream's number, and what C libraries print would go into it.
    """
    silent = sys.stdout is None
    for number in range(_STREAMS):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
            os.set_inheritable(opened, True)
    if sys.stdin is None:
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - as long as the process
    if sys.stdout is None:
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = open(2, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    return silent


def require_stdout(silent: bool) -> None:
    """Refuse to work where there is nowhere to print to.

    :param silent: what :func:`hold_streams` returned.
    :raises UsageError: if it was closed.
    """
    if silent:
        raise UsageError("standard output is closed; send it to a file, or to /dev/null")
