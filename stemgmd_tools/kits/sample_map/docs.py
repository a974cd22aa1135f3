"""Generate the Markdown reference of sample maps."""

from __future__ import annotations

from stemgmd_tools.kits.sample_map.loader import json_schema
from stemgmd_tools.strict_yaml.docs import schema_reference


def reference() -> str:
    """Return the reference of a sample map's keys, without those of modelled voices."""
    return schema_reference(json_schema(), "KitMap", elsewhere={"VoiceModel": "voice-reference.md"})


def voice_reference() -> str:
    """Return the reference of a modelled voice's parameters."""
    return schema_reference(json_schema(), "KitMap", start="VoiceModel")
