"""The MIDI notes of a DrumGizmo kit, which lie in a file of their own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from stemgmd_tools.kits.sources.drumgizmo.instruments import Reading
from stemgmd_tools.kits.sources.safe_xml import Element, root_name
from stemgmd_tools.storage.paths import leads_out

ROOT: Final = "midimap"
MAX_FILES: Final = 200
"""Most XML files beside that of a kit which are looked at."""


def xml_files(folder: Path, root: str) -> list[Path]:
    """Return the XML files in a folder that start with an element, without links that lead out of it."""
    try:
        files = sorted(path for path in folder.iterdir() if path.suffix.lower() == ".xml")
    except OSError:
        return []
    return [path for path in files[:MAX_FILES] if not leads_out(folder, path.name) and root_name(path) == root]


def read_notes(kit: Path, root: Element, reading: Reading) -> dict[str, tuple[int, ...]]:
    """Return the notes that play each instrument; empty if there is no map.

    :param kit: the file of the kit, ``root`` its first element.
    :raises KitError: if the map cannot be used.
    """
    path = _map_of(kit, root, reading)
    if path is None:
        return {}
    notes: dict[str, list[int]] = {}
    for row in reading.xml.read(path, ROOT).all("map"):
        if "instr" not in row.attributes:  # controllers
            reading.ignored["map without instr"] += 1
            continue
        row.required("note")
        note = int(row.attribute_number("note", 0, 0, 127))
        held = notes.setdefault(row.required("instr"), [])
        held += [] if note in held else [note]
    return {name: tuple(numbers) for name, numbers in notes.items()}


def _map_of(kit: Path, root: Element, reading: Reading) -> Path | None:
    """Return the map that the kit names, or the one beside it that belongs to it."""
    metadata = root.first("metadata")
    default = None if metadata is None else metadata.first("defaultmidimap")
    if default is not None:
        path = reading.sounds.find(default.required("src"), default.place)
        if path.is_file():
            return path
        reading.notices.append(f"{default.place}: the MIDI map {path.name} is missing")
    maps = xml_files(kit.parent, ROOT)
    chosen = maps[0] if len(maps) == 1 else _of_variant(kit, maps)
    if chosen is None:
        those = f"; none of {', '.join(path.name for path in maps)} is named like it" if maps else ""
        reading.notices.append(f"{kit.name}: has no MIDI map{those}; notes are unknown")
    elif chosen.is_symlink():
        return reading.sounds.find(chosen.name, kit.name)
    return chosen


def _of_variant(kit: Path, maps: Sequence[Path]) -> Path | None:
    """Return the map of a variant: ``Midimap_full.xml`` belongs to ``DRSKit_full.xml``."""
    variant = kit.stem.lower().rpartition("_")[2]
    of_variant = [path for path in maps if path.stem.lower().rpartition("_")[2] == variant]
    plain = [path for path in maps if path.stem.lower() == ROOT]
    return next(iter(of_variant or plain), None)
