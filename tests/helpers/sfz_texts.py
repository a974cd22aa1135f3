"""Small SFZ libraries, written where a test needs them."""

from __future__ import annotations

from pathlib import Path

from stemgmd_tools.kits.sources.base import DrumLibrary, Region, SoundFile
from stemgmd_tools.kits.sources.sfz import FORMAT


def library(folder: Path, text: str | bytes, main: str = "kit.sfz", **others: str) -> DrumLibrary:
    """Read a definition that lies in a folder, with other files whose names have dots and slashes as _dot_ and _in_."""
    path = folder / main
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    for name, content in others.items():
        other = folder / name.replace("_in_", "/").replace("_dot_", ".")
        other.parent.mkdir(parents=True, exist_ok=True)
        other.write_text(content, encoding="utf-8")
    return FORMAT.read(path, folder / "sounds of no use")


def only(drum_kit: DrumLibrary) -> Region:
    """Return the only region of a library."""
    (region,) = drum_kit.regions
    return region


def sound(drum_kit: DrumLibrary) -> SoundFile:
    """Return the only sound of the only region of a library."""
    (one,) = only(drum_kit).sounds.values()
    return one


def take(opcodes: str, before: str = "") -> str:
    """Return a definition of one region on key 38."""
    return f"{before}\n<region> key=38 sample=a.wav {opcodes}\n"
