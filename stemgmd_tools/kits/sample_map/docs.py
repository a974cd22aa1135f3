"""The reference of sample maps, as Markdown."""

from __future__ import annotations

from stemgmd_tools.kits.sample_map.loader import json_schema
from stemgmd_tools.strict_yaml.docs import schema_reference


def reference() -> str:
    """Return the reference of a sample map."""
    return schema_reference(json_schema(), "KitMap")
