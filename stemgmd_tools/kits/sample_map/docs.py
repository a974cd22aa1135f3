"""The reference of sample maps, as Markdown."""

from __future__ import annotations

from stemgmd_tools.kits.sample_map.loader import json_schema
from stemgmd_tools.strict_yaml.docs import schema_reference


def reference() -> str:
    """Return the keys of a sample map, those of modelled voices left out."""
    return schema_reference(json_schema(), "KitMap", elsewhere={"VoiceModel": "voice-reference.md"})


def voice_reference() -> str:
    """Return the parameters of a modelled voice."""
    return schema_reference(json_schema(), "KitMap", start="VoiceModel")
