"""Damaged SFZ libraries: a library or one line, and nothing read outside; the benchmark tries many more."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.torture.mutate import damage, edited
from benchmarks.torture.sfz_kits import read_sfz, write_sfz
from benchmarks.torture.watch import OutsideReadError, watched
from stemgmd_tools.errors import LONGEST_MESSAGE, KitError
from stemgmd_tools.seeds import stream

INPUTS = 120


def test_damaged_definitions_are_read_or_one_line(tmp_path: Path) -> None:
    files = write_sfz(tmp_path)
    read = 0
    for number in range(INPUTS):
        rng = stream(7, "sfz", number)
        file = files[int(rng.integers(len(files)))]
        content = file.read_bytes()
        file.write_bytes(edited(content, damage(content, rng, text=True)))
        try:
            read_sfz(file)
            read += 1
        except KitError as error:
            assert len(str(error)) <= LONGEST_MESSAGE and str(error).isprintable()
        finally:
            file.write_bytes(content)
    assert read > INPUTS / 2, "most damage leaves a library, so that all of the reader is tried"


def test_a_read_outside_the_library_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "outside.txt").touch()
    with pytest.raises(OutsideReadError, match=r"reads .*outside\.txt"), watched(tmp_path / "kit"):
        (tmp_path / "outside.txt").read_text(encoding="utf-8")
