"""Lists of clips to keep, as `stemgmd curate` writes them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import UsageError, shown

HEADER: Final = ("performance", "kit")


@dataclass(frozen=True, slots=True)
class KeepList:
    """Performances, each through all kits or through named ones."""

    clips: frozenset[tuple[str, str]]
    """Performance and kit; an empty kit stands for all."""

    @property
    def performances(self) -> frozenset[str]:
        """Names of the performances of which any clip is kept."""
        return frozenset(performance for performance, _ in self.clips)

    def allows(self, performance: str, kit: str) -> bool:
        """Return whether a performance through a kit is kept."""
        return not self.clips.isdisjoint({(performance, kit), (performance, "")})


def read_keep(path: Path) -> KeepList:
    """Read a list of clips: CSV with the columns ``performance`` and, if kits matter, ``kit``; others are ignored.

    :raises UsageError: if it cannot be read, lacks a column, or is empty.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            columns = reader.fieldnames or ()
            rows = list(reader)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{shown(path)}: cannot be read as a list of clips ({error})") from error
    if HEADER[0] not in columns:
        raise UsageError(f"{shown(path)}: has no column performance; `stemgmd curate` writes performance,kit")
    clips = frozenset((row["performance"], row.get("kit") or "") for row in rows if row["performance"])
    if not clips:
        raise UsageError(f"{shown(path)}: lists no clip; nothing would be left")
    return KeepList(clips)
