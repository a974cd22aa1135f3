"""Lock a corpus folder for one run, or for the shards of one run side by side."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stemgmd_tools.corpus.folder.identity import STATE_FOLDER
from stemgmd_tools.errors import CorpusError, UsageError
from stemgmd_tools.storage.locks import lock_if_free, locked
from stemgmd_tools.storage.paths import inside

_GATE_TIMEOUT_S: Final = 600.0
"""The gate is held only briefly, for some seconds while the last shard writes the manifests."""


@dataclass(frozen=True, slots=True)
class Shard:
    """One part of a run that is divided into ``count`` parts.

    :raises UsageError: unless 1 <= number <= count.
    """

    number: int = 1
    count: int = 1

    def __post_init__(self) -> None:
        """Check the range."""
        if not 1 <= self.number <= self.count:
            raise UsageError(f"shard {self}: the part must lie between 1 and the number of parts, as in 2/8")

    def __str__(self) -> str:
        """Return the form used on the command line, ``i/n``."""
        return f"{self.number}/{self.count}"

    @classmethod
    def parse(cls, text: str) -> Shard:
        """Return the shard that ``i/n`` names.

        :raises UsageError: for any other form.
        """
        match = re.fullmatch(r"(\d+)/(\d+)", text)
        if not match:
            raise UsageError(f"shard {text!r}: must have the form i/n, as in 2/8")
        return cls(int(match[1]), int(match[2]))


@contextmanager
def working_on(root: Path, shard: Shard, prepare: Callable[[bool], None]) -> Iterator[None]:
    """Hold the lock of one shard.

    A run without shards is shard 1/1. On a network file system, locks are only as reliable as that file system's.

    :param prepare: called before the work, while no other shard can start, with True if no other shard is running.
    :raises CorpusError: if the same shard, or a shard of a run divided into another number of parts, is running.
    """
    folder = _folder(root)
    with ExitStack() as stack:
        with _gate(root, folder):
            others = _busy(folder, except_for=_name(shard))
            if any(not name.endswith(f"-of-{shard.count}") for name in others):
                raise _in_use(root)
            stack.enter_context(locked(folder / f"{_name(shard)}.lock", _in_use(root)))
            prepare(not others)
        yield


@contextmanager
def finishing(root: Path) -> Iterator[bool]:
    """Keep new shards from starting; the value is True if no shard is running."""
    folder = _folder(root)
    with _gate(root, folder):
        yield not _busy(folder)


def _folder(root: Path) -> Path:
    folder = inside(root, f"{STATE_FOLDER}/locks", entered=True)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _name(shard: Shard) -> str:
    return f"shard-{shard.number}-of-{shard.count}"


def _gate(root: Path, folder: Path) -> AbstractContextManager[None]:
    """Let one process at a time inspect the locks or start a shard."""
    return locked(folder / "gate.lock", _in_use(root), _GATE_TIMEOUT_S)


def _busy(folder: Path, except_for: str = "") -> list[str]:
    """Return the names of the running shards."""
    busy = []
    for name in sorted({path.name.partition(".")[0] for path in folder.glob("shard-*")} - {except_for}):
        with lock_if_free(folder / f"{name}.lock") as free:
            if not free:
                busy.append(name)
    return busy


def _in_use(root: Path) -> CorpusError:
    return CorpusError(
        f"{root}: another run is at work on this folder; wait for it or choose another folder with --out"
    )
