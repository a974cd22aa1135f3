"""Messages: one line of at most 300 characters, whatever they are about."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

from stemgmd_tools.errors import LONGEST_MESSAGE, KitError, StemgmdError, UsageError, one_line


def test_a_long_message_keeps_where_and_how_to_mend_it() -> None:
    error = KitError("kits/a.yaml:3: name: found " + 5_000 * "x" + "; allowed: lower-case letters, give another name")
    assert len(str(error)) == LONGEST_MESSAGE
    assert str(error).startswith("kits/a.yaml:3: name: found xxx")
    assert str(error).endswith("xxx; allowed: lower-case letters, give another name")
    assert " ... " in str(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_a_message_at_the_limit_stays_as_it_is() -> None:
    text = LONGEST_MESSAGE * "y"
    assert str(StemgmdError(text)) == text
    assert one_line(text + "y") != text + "y"


@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", "a\x1b[31mb", "a\u2028b", "a\x00b", "a\udcffb", "a\tb\x0b\x0c"])
def test_no_name_breaks_the_line(name: str) -> None:
    text = str(UsageError(f"{name}: no such file"))
    assert len(text.splitlines()) == 1
    assert text.isprintable()
    text.encode()


def test_the_command_line_shortens_what_click_says(tmp_path: Path) -> None:
    words = ["render", "--kits", 1_000 * "kit\n", "--out", str(tmp_path / "out")]
    for given in (words, ["render", "--" + 2_000 * "x"], ["x" * 5_000]):
        command = [sys.executable, "-m", "stemgmd_tools.cli.main", *given]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        lines = [line for line in done.stderr.splitlines() if line.startswith("stemgmd: ")]
        assert done.returncode == 2
        assert len(lines) == 1
        assert len(lines[0]) <= LONGEST_MESSAGE + len("stemgmd: ")
        assert "Traceback" not in done.stderr
