"""Let a call read nothing but a folder and the program itself."""

from __future__ import annotations

import os
import site
import sys
import sysconfig
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import stemgmd_tools

_READS = frozenset({"open", "os.scandir", "os.listdir"})
_PROGRAM = tuple(
    os.path.realpath(path) + os.sep
    for path in (
        Path(stemgmd_tools.__file__).parents[1],
        sys.prefix,
        sys.base_prefix,
        sysconfig.get_path("stdlib"),
        *site.getsitepackages(),
        *(path for path in sys.path if path),
        "/proc/self",
        "/dev/null",
    )
)
"""Where the program, the modules it uses and the data that it ships are."""
_inside: list[str] = []
"""The folders that a call may read."""
_hooked: list[bool] = []


class OutsideReadError(BaseException):
    """A read outside; no ``except Exception`` of the program hides it."""


def _hook(event: str, arguments: Sequence[Any]) -> None:
    if _inside and event in _READS and isinstance(arguments[0], str | bytes | os.PathLike):
        text = os.fsdecode(arguments[0])
        path = os.path.realpath(text)
        if not os.path.isabs(text):  # noqa: PTH117 - relative to a folder that is open, as in `shutil.rmtree`
            return
        if not any(path == folder or path.startswith(folder + os.sep) for folder in _inside) and not _is_program(path):
            raise OutsideReadError(f"reads {path}")


def _is_program(path: str) -> bool:
    return path == os.devnull or f"{path}{os.sep}".startswith(_PROGRAM)


@contextmanager
def watched(*folders: Path) -> Iterator[None]:
    """Let only some folders be read, links followed.

    :raises OutsideReadError: for the first path outside of them.
    """
    if not _hooked:
        sys.addaudithook(_hook)
        _hooked.append(True)
    _inside.extend(os.path.realpath(folder) for folder in folders)
    try:
        yield
    finally:
        _inside.clear()
