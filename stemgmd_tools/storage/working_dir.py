"""A temporary working folder beside the output of a run, locked for one run at a time."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX, written
from stemgmd_tools.storage.locks import locked
from stemgmd_tools.storage.paths import inside

SUFFIX: Final = ".work"
"""Suffix of the folder, which is named as the output and hidden."""
_LOCK: Final = "lock"


@contextmanager
def workplace(*files: Path, recover: Callable[[Path], None] = lambda _: None) -> Iterator[Path]:
    """Create an empty folder beside the first of ``files``, the outputs of a run; it is removed when the run ends.

    It is created before the work, so that an unwritable location is reported early. Leftovers of killed runs are
    removed.

    :param recover: called with the folder before leftovers are removed, while no other run is at work.
    :raises KitError: if another run is writing the same file, or its folder cannot be written.
    """
    out = files[0]
    folder = inside(out.parent, f".{out.name}{SUFFIX}", entered=True)
    with ExitStack() as stack:
        with written(out.parent, KitError):
            folder.mkdir(parents=True, exist_ok=True)
            in_use = KitError(f"{out}: another run is writing it; wait for it or choose another name")
            stack.enter_context(locked(folder / _LOCK, in_use))
            recover(folder)
            _clear(folder, files)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _clear(folder: Path, files: tuple[Path, ...]) -> None:
    """Remove the leftovers of a killed run."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        elif not entry.name.startswith(_LOCK):
            entry.unlink()
    for file in files:
        for part in file.parent.glob(f"{file.name}.*{TEMPORARY_SUFFIX}"):
            part.unlink(missing_ok=True)
