"""Locate the shipped data (sample maps, manifests) and the user's folders of caches and kits."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from stemgmd_tools.errors import StemgmdError

_PACKAGE = Path(__file__).resolve().parent


def shipped(name: str) -> Path:
    """Return the shipped folder ``sample_maps`` or ``manifests``.

    In a wheel it is inside the package; in a checkout it is beside it.

    :raises StemgmdError: if the folder is missing.
    """
    for folder in (_PACKAGE / "_data" / name, _PACKAGE.parent / name):
        if folder.is_dir():
            return folder
    raise StemgmdError(f"{_PACKAGE}: the shipped folder {name}/ is missing; reinstall stemgmd-tools")


def cache_dir() -> Path:
    """Return the user's cache folder: ``STEMGMD_CACHE`` if set, else the platform's default."""
    configured = os.environ.get("STEMGMD_CACHE")
    return Path(configured).expanduser() if configured else Path(platformdirs.user_cache_dir("stemgmd"))


def kits_dir() -> Path:
    """Return the folder of imported kits: ``kits`` in ``STEMGMD_DATA`` if set, else in the platform's default."""
    configured = os.environ.get("STEMGMD_DATA")
    return (Path(configured).expanduser() if configured else Path(platformdirs.user_data_dir("stemgmd"))) / "kits"
