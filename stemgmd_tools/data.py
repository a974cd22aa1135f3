"""Where the shipped data lies (sample maps, manifests) and where this machine keeps its caches."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from stemgmd_tools.errors import StemgmdError

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Return the folder ``sample_maps`` or ``manifests`` that came with this installation.

    A wheel carries them inside the package; in a checkout they lie beside it.
    """
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise StemgmdError(f"{_PACKAGE}: the shipped folder {name}/ is missing; reinstall stemgmd-tools")


def cache_dir() -> Path:
    """Return the user's cache folder: ``STEMGMD_CACHE`` if set, else the platform's own place."""
    configured = os.environ.get("STEMGMD_CACHE")
    return Path(configured).expanduser() if configured else Path(platformdirs.user_cache_dir("stemgmd"))
