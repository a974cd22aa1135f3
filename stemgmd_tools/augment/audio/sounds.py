"""Store augmented stems as floats, in memory or in temporary files."""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Protocol

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.errors import AugmentError

Float = NDArray[np.float32]


class Sounds(Protocol):
    """Stems of one length."""

    @property
    def count(self) -> int:
        """Number of stems."""
        ...

    @property
    def frames(self) -> int:
        """Length of all stems."""
        ...

    def stem(self, axis: int, start: int, stop: int) -> Float:
        """Return a part of one stem, shape (2, frames), read-only."""
        ...

    def part(self, start: int, stop: int) -> Float:
        """Return a part of all stems, shape (stem, 2, frames), read-only."""
        ...


class MemoryStems:
    """Stems in memory.

    :param stems: shape (stem, 2, frames).
    """

    def __init__(self, stems: Float) -> None:
        """Store the stems."""
        self._stems = stems

    @property
    def count(self) -> int:
        """Number of stems."""
        return len(self._stems)

    @property
    def frames(self) -> int:
        """Length of all stems."""
        return int(self._stems.shape[2])

    def stem(self, axis: int, start: int, stop: int) -> Float:
        """Return a view of one stem."""
        return self._stems[axis, :, start:stop]

    def part(self, start: int, stop: int) -> Float:
        """Return a view of all stems."""
        return self._stems[:, :, start:stop]


class Spool:
    """Stems in unnamed temporary files, which the system removes when the process ends.

    :param count: number of stems; stems that were not written are silent.
    :param folder: folder of the files; None for the system's folder of temporary files.
    """

    def __init__(self, count: int, folder: Path | None) -> None:
        """Create an empty spool."""
        self._folder = folder
        self._files: list[IO[bytes] | None] = [None] * count
        self._frames = [0] * count

    @property
    def count(self) -> int:
        """Number of stems."""
        return len(self._files)

    @property
    def frames(self) -> int:
        """Length of the first stem, used for all stems."""
        return self._frames[0]

    def write(self, axis: int, sound: Float) -> None:
        """Write or replace one stem, shape (2, frames); a silent stem takes no space.

        :raises AugmentError: if the file cannot be written.
        """
        self._frames[axis] = sound.shape[1]
        if not sound.any():
            self._files[axis] = None
            return
        try:
            file = self._files[axis] or tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115 - stays
            self._files[axis] = file
            file.seek(0)
            for line in sound:
                _write(file, np.ascontiguousarray(line))
        except OSError as error:
            folder = self._folder or tempfile.gettempdir()
            raise AugmentError(
                f"{folder}: cannot store {sound.nbytes >> 20} MB of an augmented stem ({error.strerror}); "
                "make room there and run the same command again"
            ) from error

    def stem(self, axis: int, start: int, stop: int) -> Float:
        """Read a part of one stem, with silence beyond its end."""
        sound: Float = self.stems([axis], start, min(stop, self.frames))[0]
        return sound

    def part(self, start: int, stop: int) -> Float:
        """Read a part of all stems."""
        return self.stems(range(self.count), start, min(stop, self.frames))

    def stems(self, axes: Sequence[int], start: int, stop: int) -> Float:
        """Read a part of some stems, shape (stem, 2, frames)."""
        out = np.zeros((len(axes), 2, max(stop - start, 0)), np.float32)
        for axis, sound in zip(axes, out, strict=True):
            self._read(axis, start, sound)
        return out

    def _read(self, axis: int, start: int, out: Float) -> None:
        file, frames = self._files[axis], self._frames[axis]
        if file is None or start >= frames:
            return
        for channel, line in enumerate(out[:, : frames - start]):
            file.seek((channel * frames + start) * line.itemsize)
            if _read_into(file, line) < line.nbytes:
                raise AugmentError(f"stem {axis}: its temporary file is truncated; run the same command again")


def _write(file: IO[bytes], line: Float) -> None:
    """Write all of a line: the system takes at most 2 GB at a time."""
    remaining = line.data.cast("B")
    while remaining:
        remaining = remaining[file.write(remaining) :]


def _read_into(file: IO[bytes], line: Float) -> int:
    """Read from the file into a line; return the number of bytes read."""
    view = line.data.cast("B")
    filled = 0
    while filled < len(view) and (count := file.readinto(view[filled:])):  # type: ignore[attr-defined]
        filled += count
    return filled
