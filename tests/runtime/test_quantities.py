"""Counts with their nouns."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import stemgmd_tools
from stemgmd_tools.runtime.quantities import counted

_NOUNS = "files|kits|performances|hits|layers|takes|stems|tracks|jobs|examples|clips|rows|samples|banks|steps|attempts"
_UNCOUNTED = re.compile(rf"(?<![/\w])\{{(?:len\([^{{}}]*\)|[a-z][\w.]*(?:\(\))?)(?::,)?\}} (?:single )?(?:{_NOUNS})\b")


NEVER_ONE = (
    "} of {len(",  # a share of several
    "give apply the names of the stems",
    "name one of them",
    "must be {",  # rows and columns of tables
    "is E-GMD's",
    'files" if tables else',
    "MIDI file of type 2",
    "and stems to share out",
)
"""Words of the lines in which a number is never 1, or stands for a size."""


@pytest.mark.parametrize(
    ("number", "text"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (-1, "-1 files"), (1_150, "1,150 files")]
)
def test_one_is_singular(number: int, text: str) -> None:
    assert counted(number, "file") == text


def test_other_plurals_are_given() -> None:
    assert [counted(number, "process", "processes") for number in (1, 2)] == ["1 process", "2 processes"]


def test_messages_count_with_it() -> None:
    package = Path(stemgmd_tools.__file__).parent
    uncounted = [
        f"{path.relative_to(package)}: {line.strip()}"
        for path in sorted(package.rglob("*.py"))
        for line in path.read_text(encoding="utf-8").splitlines()
        if _UNCOUNTED.search(line) and not any(words in line for words in NEVER_ONE)
    ]
    assert uncounted == [], "write counted(number, noun) of runtime/quantities.py"
