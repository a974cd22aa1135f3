"""Folders of one-shots: sample packs without a file that says how they are played."""

from __future__ import annotations

from stemgmd_tools.kits.sources.folder.read import FORMAT

__all__ = ["FORMAT"]
