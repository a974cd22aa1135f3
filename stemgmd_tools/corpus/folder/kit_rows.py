"""Build and store the rows of kits for the manifests of a corpus."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from stemgmd_tools.corpus.folder.records import Record, read_record, record_path, write_record
from stemgmd_tools.kits.kit_table import kit_table
from stemgmd_tools.kits.library import split_of
from stemgmd_tools.kits.sample_map.kit import Kit

KITS: Final = "kits"

Row = dict[str, Any]


def kit_row(kit: Kit) -> Row:
    """Return the row of the manifest ``kits``, without the bank's hash."""
    return {
        "kit": kit.name,
        "kit_split": kit_split(kit) or None,
        "title": one_line(kit.title),
        "description": one_line(kit.map.description),
        "license": one_line(kit.license),
        "attribution": one_line(kit.attribution),
        "source_url": one_line(kit.map.source_url),
        "kit_hash": kit.key,
        **_history(kit),
    }


def kit_split(kit: Kit) -> str:
    """Return the split of a kit; a generated kit is not generated for this if all its sources are in one split."""
    split_by_name = {row.name: row.split for row in kit_table()}
    splits = {split_by_name.get(name, "") for name in kit.parents}
    if len(splits) == 1 and "" not in splits:  # the sources of a kit without a split may have one
        return splits.pop()
    return split_of(kit.name, kit.map.origin)


def record_kit(root: Path, kit: Kit) -> None:
    """Store the manifest row of a kit."""
    write_record(record_path(root, KITS, kit.name), Record(kit.key, (), kit_row(kit)))


def _history(kit: Kit) -> Row:
    """Return the columns about the recordings a kit was measured on and the kits it was generated from."""
    origin = kit.map.origin
    return {
        "measured_on": " ".join(recording.kit for recording in kit.map.measured_on) or None,
        "origin": None if origin is None else one_line(origin.name),
        "parents": None if origin is None else " ".join(origin.kits) or None,
        "figures": None if origin is None else json.dumps(origin.figures, separators=(",", ":"), sort_keys=True),
    }


def record_generated_kit(root: Path, kit: Kit) -> None:
    """Store the manifest row of a generated kit, unless it is stored already."""
    record = read_record(record_path(root, KITS, kit.name))
    if record is None or record.inputs != kit.key:
        record_kit(root, kit)


def one_line(value: Any) -> Any:
    """Return a text on one line, None for an empty one; anything else as it is."""
    return " ".join(value.split()) or None if isinstance(value, str) else value
