"""A sample map written as YAML loads as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from stemgmd_tools.kits.library import known_maps
from stemgmd_tools.kits.sample_map.loader import load_map
from stemgmd_tools.kits.sample_map.writer import write_map


@pytest.mark.parametrize("name", sorted(known_maps()))
def test_every_shipped_map_survives_being_written(name: str, tmp_path: Path) -> None:
    kit_map = load_map(known_maps()[name])
    write_map(kit_map, tmp_path / f"{name}.yaml")
    assert load_map(tmp_path / f"{name}.yaml") == kit_map
