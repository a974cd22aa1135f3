"""Checking a stored bank: each one-shot is compared with its checksum when a process first plays it.

The CRC-32 of a bank of 200 MB takes a tenth of a second, but a segment plays a few of its one-shots, and a process may
open hundreds of banks. A process remembers what it has checked, also when it opens the bank again.
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
"""Banks whose checks a process remembers, some hundred bytes each."""


class Guard:
    """The PCM of a stored bank, and which of its one-shots are known to be whole.

    :param pcm: the memory map.
    :param samples: the bank's table of one-shots.
    :param checked: whether each row was checked, see :func:`checked_before`; written to.
    :param mend: returns the guard of a file with the same PCM in which some rows are whole, or raises KitError.
    """

    def __init__(
        self,
        pcm: NDArray[np.int16],
        samples: NDArray[np.void],
        checked: NDArray[np.bool_],
        mend: Callable[[NDArray[np.intp]], Guard],
    ) -> None:
        """Check nothing yet."""
        self.pcm = pcm
        self.checked = checked
        self._samples, self._mend = samples, mend

    def require(self, rows: NDArray[np.integer]) -> None:
        """Make sure that the one-shots of some rows are whole.

        :raises KitError: if one is damaged and cannot be made again.
        """
        new = np.unique(rows[~self.checked[rows]])
        if not len(new):
            return
        if damaged_rows(self.pcm, self._samples, new).size:
            mended = self._mend(new)
            self.pcm, self.checked = mended.pcm, mended.checked
        self.checked[new] = True


def damaged_rows(
    pcm: NDArray[np.int16], samples: NDArray[np.void], rows: NDArray[np.intp] | None = None
) -> NDArray[np.intp]:
    """Return the rows whose PCM does not have the row's checksum.

    :param rows: those to look at; all if omitted.
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
    """Return which rows of the bank in a file this process has checked: one array for all that open the same file."""
    state = file.stat()
    return _checked(file, state.st_dev, state.st_ino, state.st_mtime_ns, state.st_size, rows)


@lru_cache(maxsize=_REMEMBERED)
def _checked(file: Path, device: int, inode: int, stamp: int, size: int, rows: int) -> NDArray[np.bool_]:  # noqa: ARG001
    return np.zeros(rows, bool)
