"""Columns and patterns that several tables share."""

from __future__ import annotations

from typing import Any, Final

from stemgmd_tools.manifest.schema import Column, Dtype
from stemgmd_tools.manifest.values import Copied, Value
from stemgmd_tools.pieces import ARTICULATIONS, NOTES
from stemgmd_tools.storage.paths import KIT_NAME, RELATIVE_PATH

GMD_SPLITS: Final = ("train", "validation", "test")
KIT_SPLITS: Final = ("train", "heldout")

PERFORMANCE: Final = Copied("performances", "performance")
GMD_SPLIT: Final = Copied("performances", "gmd_split")
KIT: Final = Copied("kits", "kit")
KIT_HASH: Final = Copied("kits", "kit_hash")
KIT_SPLIT: Final = Copied("kits", "kit_split")

_NOTE_NUMBERS: Final = tuple(note.number for note in NOTES)


def performance_column(name: str, description: str, value: Value | None = None) -> Column:
    """Return a column with the id of a performance."""
    return Column(name, Dtype.TEXT, description, pattern=RELATIVE_PATH, value=value)


def performance_key(value: Value | None = PERFORMANCE) -> Column:
    """Return the column ``performance``."""
    return performance_column("performance", "performance, named as in GMD: `drummer1/session1/3`", value)


def kit_key(value: Value | None = KIT) -> Column:
    """Return the column ``kit``."""
    return Column("kit", Dtype.TEXT, "kit, the name of its sample map", pattern=KIT_NAME, value=value)


def kit_hash(value: Value = KIT_HASH) -> Column:
    """Return the column ``kit_hash``."""
    return Column(
        "kit_hash", Dtype.TEXT, "hash of the kit's content, or of the name and maps it is made from", value=value
    )


def kit_split(value: Value = KIT_SPLIT) -> Column:
    """Return the column ``kit_split``."""
    return Column(
        "kit_split",
        Dtype.TEXT,
        "whether the kit, or every kit it was made from, is for training or held out; missing for a kit of your own",
        nullable=True,
        allowed=KIT_SPLITS,
        value=value,
    )


def gmd_split(value: Value = GMD_SPLIT) -> Column:
    """Return the column ``gmd_split``."""
    return Column(
        "gmd_split",
        Dtype.TEXT,
        "GMD's own split of the performance; missing outside GMD",
        nullable=True,
        allowed=GMD_SPLITS,
        value=value,
    )


def note_column(description: str, value: Value) -> Column:
    """Return the column ``note``."""
    return Column("note", Dtype.INTEGER, description, low=min(_NOTE_NUMBERS), high=max(_NOTE_NUMBERS), value=value)


def articulation_column(description: str, value: Value) -> Column:
    """Return the column ``articulation``."""
    return Column("articulation", Dtype.TEXT, description, allowed=ARTICULATIONS, value=value)


def path_column(name: str, description: str, value: Value) -> Column:
    """Return a column with the path of a file of the corpus."""
    return Column(
        name, Dtype.TEXT, f"{description}, relative to the corpus, with `/`", pattern=RELATIVE_PATH, value=value
    )


def hash_column(name: str, of: str, value: Value | None) -> Column:
    """Return a column with a SHA-256."""
    return Column(name, Dtype.TEXT, f"SHA-256 of the {of}", pattern="[0-9a-f]{64}", value=value)


def count_column(name: str, description: str, unit: str = "", low: float = 0, value: Value | None = None) -> Column:
    """Return a column with integers from ``low`` on."""
    return Column(name, Dtype.INTEGER, description, unit, low=low, value=value)


def one_line(value: Any) -> Any:
    """Return a text on one line, None for an empty one; anything else as it is."""
    return " ".join(value.split()) or None if isinstance(value, str) else value
