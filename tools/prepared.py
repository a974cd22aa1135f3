"""The sample maps of recordings that tests, benchmarks and the fits of donors and shipped kits use."""

from __future__ import annotations

from pathlib import Path
from typing import Final

PREPARED_MAPS: Final = Path(__file__).resolve().parent / "prepared_kits"
"""Folder of the maps; on the kit path beside the folder of the recordings."""
DONOR_MAPS: Final = PREPARED_MAPS.with_name("donor_kits")
"""Folder of the maps of further recordings, which donors are fitted to."""
