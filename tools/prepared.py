"""The sample maps of the prepared recordings, which tests, benchmarks and the fits of the shipped kits use."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PREPARED_MAPS: Final = Path(__file__).resolve().parent / "prepared_kits"
"""Folder of the maps; on the kit path beside the folder of the recordings."""
