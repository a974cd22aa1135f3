"""Find the kits of a Hydrogen that is installed."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

DEFINITION: Final = "drumkit.xml"

_FLATPAK: Final = "org.hydrogenmusic.Hydrogen"


def installed() -> Mapping[str, Path]:
    """Return the folders of kits in Hydrogen's folders by their names; those of the user hide those of the system."""
    kits_by_name: dict[str, Path] = {}
    for folder in reversed(_data_folders()):
        try:
            kits = [kit for kit in (folder / "drumkits").iterdir() if (kit / DEFINITION).is_file()]
        except OSError:
            continue
        kits_by_name |= {kit.name: kit for kit in kits}
    return dict(sorted(kits_by_name.items()))


def _data_folders() -> list[Path]:
    """Return the folders in which Hydrogen keeps its data, those of the user first; they need not exist."""
    home = Path.home()
    shares = os.environ.get("XDG_DATA_DIRS") or "/usr/local/share:/usr/share"
    return [
        home / ".hydrogen" / "data",
        home / ".var" / "app" / _FLATPAK / ".hydrogen" / "data",
        home / "Library" / "Application Support" / "Hydrogen" / "data",
        *(Path(share) / "hydrogen" / "data" for share in shares.split(os.pathsep) if share),
        Path(f"/var/lib/flatpak/app/{_FLATPAK}/current/active/files/share/hydrogen/data"),
        Path("/Applications/Hydrogen.app/Contents/Resources/data"),
    ]
