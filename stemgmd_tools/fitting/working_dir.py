"""Where a fit keeps what is not whole yet: a folder beside the map, of one run at a time."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from filelock import Timeout

from stemgmd_tools.errors import KitError
from stemgmd_tools.storage.files import TEMPORARY_SUFFIX
from stemgmd_tools.storage.locks import file_lock
from stemgmd_tools.storage.paths import inside

_SUFFIX: Final = ".fit"
_LOCK: Final = "lock"


@contextmanager
def workplace(*files: Path) -> Iterator[Path]:
    """Give an empty folder beside the first of ``files``, those a run is to write; it goes when the run ends.

    Made before the work, so that a place where nothing can be written is told at once. What a killed run left is
    cleared away.

    :raises KitError: if another run is at work on the same file, or its folder cannot be written.
    """
    out = files[0]
    folder = inside(out.parent, f".{out.name}{_SUFFIX}", entered=True)
    with ExitStack() as held:
        try:
            folder.mkdir(parents=True, exist_ok=True)
            held.enter_context(file_lock(folder / _LOCK, timeout=0))
            _clear(folder, files)
        except Timeout:
            raise KitError(f"{out}: another run is writing it; wait for it or choose another --out") from None
        except OSError as error:
            raise KitError(
                f"{out.parent}: cannot be written ({error.strerror or error}); mend that or choose another --out"
            ) from error
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _clear(folder: Path, files: tuple[Path, ...]) -> None:
    """Remove what a killed run left."""
    for left in folder.iterdir():
        if left.is_dir():
            shutil.rmtree(left)
        elif not left.name.startswith(_LOCK):
            left.unlink()
    for file in files:
        for part in file.parent.glob(f"{file.name}.*{TEMPORARY_SUFFIX}"):
            part.unlink(missing_ok=True)
