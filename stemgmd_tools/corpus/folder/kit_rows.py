"""Store the rows of kits for the manifests of a corpus."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from stemgmd_tools.corpus.folder.records import Record, read_record, record_path, write_record
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.manifest.rows import known
from stemgmd_tools.manifest.tables import KITS as KITS_TABLE

KITS: Final = "kits"
"""Folder of their records."""


def record_kit(root: Path, kit: Kit) -> None:
    """Store the manifest row of a kit."""
    write_record(record_path(root, KITS, kit.name), Record(kit.key, (), known(KITS_TABLE, kit)))


def record_generated_kit(root: Path, kit: Kit) -> None:
    """Store the manifest row of a generated kit, unless it is stored already."""
    record = read_record(record_path(root, KITS, kit.name))
    if record is None or record.inputs != kit.key:
        record_kit(root, kit)
