"""Modules that declare something are found in the package and through entry points."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_package import install

GROUP = "stemgmd_tools.rendering"  # any package; the toys declare a constant of their own
ASK = f"from stemgmd_tools.runtime.plugins import declared; print(declared({GROUP!r}, 'TOYS', int))"


def test_finds_what_an_entry_point_declares(tmp_path: Path) -> None:
    assert install(tmp_path, GROUP, "TOYS = (1, 2)").python("-c", ASK).stdout.strip() == "(1, 2)"


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("TOYS = 'one'", "module toy_module: TOYS is str; give one int or a tuple of them"),
        ("OTHER = 1", "module toy_module: TOYS is NoneType; give one int or a tuple of them"),
        ("import no_such_module", "cannot be imported (No module named 'no_such_module')"),
    ],
)
def test_names_an_entry_point_that_cannot_be_used(tmp_path: Path, source: str, message: str) -> None:
    result = install(tmp_path, GROUP, source).python("-c", ASK, check=False)
    assert result.returncode != 0
    assert message in result.stderr
