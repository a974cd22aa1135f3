"""Shells complete commands and options, as docs/installation.md says."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(sys.executable).with_name("stemgmd")


def completed(typed: str, instruction: str = "bash_complete") -> list[str]:
    """Return the words that bash offers for the last word of a line."""
    words = typed.split(" ")
    variables = {"_STEMGMD_COMPLETE": instruction, "COMP_WORDS": typed, "COMP_CWORD": str(len(words) - 1)}
    done = subprocess.run(
        [PROGRAM], env={**os.environ, **variables}, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == ""
    return [line.partition(",")[2] for line in done.stdout.splitlines()]


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("stemgmd ren", ["render"]),
        ("stemgmd kits sh", ["show"]),
        ("stemgmd render --ho", ["--hours"]),
        ("stemgmd render --layout ", ["native", "stemgmd"]),
    ],
)
def test_the_last_word_is_completed(typed: str, offered: list[str]) -> None:
    assert completed(typed) == offered


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_every_shell_gets_a_script(shell: str) -> None:
    variables = {**os.environ, "_STEMGMD_COMPLETE": f"{shell}_source"}
    done = subprocess.run([PROGRAM], env=variables, capture_output=True, text=True, check=True, timeout=60)
    assert f"_STEMGMD_COMPLETE={shell}_complete" in done.stdout
