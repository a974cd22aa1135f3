"""Store the rows of kits for the manifests of a corpus."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

import pandas as pd

from stemgmd_tools.corpus.folder.records import Record, read_record, record_path, write_record
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.manifest.rows import Row, known
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


def rows_of(kits: pd.DataFrame) -> Iterator[Row]:
    """Yield the rows of a manifest ``kits``, without the hash of the bank."""
    for record in kits.drop(columns="bank_sha256").to_dict("records"):
        yield {str(name): None if pd.isna(value) else value for name, value in record.items()}


def record_rows(root: Path, kits: pd.DataFrame, names: Collection[str]) -> None:
    """Store the rows of the named kits of another corpus's manifest ``kits``."""
    for row in rows_of(kits):
        if row["kit"] in names:
            write_record(record_path(root, KITS, str(row["kit"])), Record(str(row["kit_hash"]), (), row))
