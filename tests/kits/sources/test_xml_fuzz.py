"""Damaged definitions and archives: a library, or one line; nothing outside the kit's folder is opened."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.torture.mutate import damage, edited
from benchmarks.torture.xml_kits import write_drumgizmo, write_hydrogen, write_packed_hydrogen
from stemgmd_tools.errors import LONGEST_MESSAGE, KitError
from stemgmd_tools.kits.sources import drumgizmo, hydrogen
from stemgmd_tools.kits.sources.base import KitFormat
from stemgmd_tools.seeds import stream

TRIALS = 150
"""Of each kind; the torture benchmark makes thousands."""

_opened: list[str] | None = None


def _hook(event: str, arguments: tuple[object, ...]) -> None:
    """Note absolute paths: relative ones belong to folders that are open already, as when a tree is removed."""
    if _opened is not None and event == "open" and isinstance(arguments[0], str) and arguments[0].startswith("/"):
        _opened.append(os.path.realpath(arguments[0]))


@contextmanager
def opened_files() -> Iterator[list[str]]:
    """Yield the paths that are opened in the meantime. Python cannot remove a hook once it was added."""
    global _opened  # noqa: PLW0603
    if not getattr(sys, "_opened_files_hook", False):
        sys.addaudithook(_hook)
        sys._opened_files_hook = True  # type: ignore[attr-defined]
    _opened = opened = []
    try:
        yield opened
    finally:
        _opened = None


def _of_hydrogen(folder: Path) -> tuple[Path, ...]:
    return (write_hydrogen(folder),)


CASES: dict[str, tuple[KitFormat, Callable[[Path], tuple[Path, ...]], int]] = {
    "Hydrogen": (hydrogen.FORMAT, _of_hydrogen, 0),
    "archive": (hydrogen.FORMAT, write_packed_hydrogen, -1),
    "DrumGizmo": (drumgizmo.FORMAT, write_drumgizmo, 0),
}
"""Format, what writes its files, and which of them is read; -1: the damaged one."""


@pytest.mark.parametrize("case", CASES)
def test_damaged_kits_are_read_or_one_line(case: str, tmp_path: Path) -> None:
    form, write, read = CASES[case]
    files = write(tmp_path / "kit")
    sound = {file: file.read_bytes() for file in files}
    assert form.read(files[max(read, 0)], tmp_path / "unpacked" / "whole").regions
    refused, outside = 0, set[str]()
    for trial in range(TRIALS):
        rng = stream(7, "xml kits", case, trial)
        target = files[int(rng.integers(len(files)))]
        target.write_bytes(edited(sound[target], damage(sound[target], rng, text=True)))
        with opened_files() as opened:
            try:
                form.read(target if read < 0 else files[read], tmp_path / "unpacked" / str(trial))
            except KitError as error:
                refused += 1
                assert len(str(error)) <= LONGEST_MESSAGE and str(error).isprintable()
        target.write_bytes(sound[target])
        outside |= {path for path in opened if not path.startswith(str(tmp_path.resolve()))}
    assert not outside
    assert TRIALS / 10 < refused < TRIALS, "damage is found, and not everything is refused"


def test_opened_files_would_be_seen(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    with opened_files() as opened:
        (tmp_path / "a").read_bytes()
    assert opened == [str((tmp_path / "a").resolve())]
