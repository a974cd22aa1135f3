"""Verify the one-shots of a stored bank against their checksums when a process first plays them.

Verifying a whole bank of 200 MB takes a tenth of a second, but a segment plays only a few one-shots, and a process may
open hundreds of banks. A process remembers which one-shots it has verified, even if it reopens the bank.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

_SAMPLES_PER_FRAME: Final = 2  # bank.CHANNELS, which this module cannot import
_REMEMBERED: Final = 1024
"""Number of banks whose checks a process remembers, some hundred bytes each."""


class Guard:
    """The PCM of a stored bank, and which of its one-shots are known to be intact.

    :param pcm: the memory map.
    :param samples: the bank's table of one-shots.
    :param checked: whether each row was verified, see :func:`checked_before`; updated in place.
    :param rebuild: rebuilds the bank and returns the guard of the new file, or raises KitError.
    """

    def __init__(
        self,
        pcm: NDArray[np.int16],
        samples: NDArray[np.void],
        checked: NDArray[np.bool_],
        rebuild: Callable[[NDArray[np.intp]], Guard],
    ) -> None:
        """Store the arguments; nothing is verified yet."""
        self.pcm = pcm
        self.checked = checked
        self._samples, self._rebuild = samples, rebuild

    def require(self, rows: NDArray[np.integer]) -> None:
        """Verify the one-shots of ``rows``, and rebuild the bank if one is damaged.

        :raises KitError: if one is damaged and cannot be rebuilt.
        """
        new = np.unique(rows[~self.checked[rows]])
        if not len(new):
            return
        if damaged_rows(self.pcm, self._samples, new).size:
            rebuilt = self._rebuild(new)
            self.pcm, self.checked = rebuilt.pcm, rebuilt.checked
        self.checked[new] = True


def damaged_rows(
    pcm: NDArray[np.int16], samples: NDArray[np.void], rows: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Return the rows whose PCM does not match their checksum.

    :param rows: rows to check; all if omitted.
    """
    chosen = np.arange(len(samples)) if rows is None else rows
    plain = np.asarray(pcm)
    table = samples[chosen]
    known: dict[tuple[int, int], int] = {}  # borrowed sounds share their PCM
    wrong = []
    columns = (table[name].tolist() for name in ("start", "frames", "crc32"))
    for row, (start, frames, stated) in enumerate(zip(*columns, strict=True)):
        place = (start, frames)
        if place not in known:
            known[place] = zlib.crc32(plain[_SAMPLES_PER_FRAME * start : _SAMPLES_PER_FRAME * (start + frames)].data)
        if known[place] != stated:
            wrong.append(int(chosen[row]))
    return np.array(wrong, np.intp)


def checked_before(file: Path, rows: int) -> NDArray[np.bool_]:
    """Return which rows of a bank's file this process has verified, as an array shared by all users of the file."""
    state = file.stat()
    return _checked(file, state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size, rows)


@lru_cache(maxsize=_REMEMBERED)
def _checked(file: Path, device: int, inode: int, stamp: int, size: int, rows: int) -> NDArray[np.bool_]:  # noqa: ARG001
    return np.zeros(rows, bool)
