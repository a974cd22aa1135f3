"""Read a DrumGizmo kit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.schema import OFF_DB
from stemgmd_tools.kits.sources.base import ONLY_MICROPHONE, DrumLibrary, KitFormat, Microphone, Region
from stemgmd_tools.kits.sources.drumgizmo.chokes import GROUP_FADE_S, Choking, choking
from stemgmd_tools.kits.sources.drumgizmo.instruments import Reading, Stroke, read_strokes
from stemgmd_tools.kits.sources.drumgizmo.microphones import microphones_of
from stemgmd_tools.kits.sources.drumgizmo.midi_map import read_notes, xml_files
from stemgmd_tools.kits.sources.safe_xml import Element, XmlReader, root_name
from stemgmd_tools.kits.sources.sound_folder import SoundFolder

ROOT: Final = "drumkit"
MAX_INSTRUMENTS: Final = 500
MAX_DESCRIPTION: Final = 2000
"""Most characters of a description that are kept."""


def accepts(path: Path) -> bool:
    """Return whether a path is the XML file of a kit, or a folder with one."""
    return bool(xml_files(path, ROOT)) if path.is_dir() else root_name(path) == ROOT


def read(path: Path, _: Path) -> DrumLibrary:
    """Read a kit.

    :param path: its XML file, or a folder with only one.
    :raises KitError: if the definition cannot be used; the message gives file, line and element.
    """
    kit = _file_of(path)
    xml = XmlReader(kit.parent)
    root = xml.read(kit, ROOT)
    microphones = list(dict.fromkeys(channel.required("name") for channel in _listed(root, "channels", "channel")))
    reading = Reading(xml, SoundFolder(kit.parent), frozenset(microphones))
    references = _listed(root, "instruments", "instrument")
    if len(references) > MAX_INSTRUMENTS:
        raise KitError(f"{root.file}: {len(references)} instruments; at most {MAX_INSTRUMENTS} are allowed")
    notes = read_notes(kit, root, reading)
    regions = _regions(references, notes, reading)
    if not regions:
        raise KitError(f"{root.file}: no instrument has a sample; a kit needs one")
    used = {name for region in regions for name in region.sounds}
    placed = _microphones([name for name in microphones if name in used], regions, reading)
    _count_ignored(root, references, reading)
    metadata = root.first("metadata") or Element("metadata", {}, root.file, root.line)
    return DrumLibrary(
        folder=kit.parent,
        regions=tuple(_unnamed(region) for region in regions) if len(used) == 1 else tuple(regions),
        title=_line(metadata.value("title") or root.attributes.get("name", "")) or kit.stem,
        description=_description(root, metadata),
        license=_line(metadata.value("license")),
        attribution=_line(" ".join((metadata.value("author"), metadata.value("email")))),
        source_url=_line(metadata.value("website")),
        microphones=placed,
        key_names={note: name for name, numbers in notes.items() for note in numbers},
        ignored={name: count for name, count in sorted(reading.ignored.items()) if count},
        notices=tuple(reading.notices),
    )


def _file_of(path: Path) -> Path:
    if not path.is_dir():
        return path
    definitions = xml_files(path, ROOT)
    if len(definitions) > 1:
        names = ", ".join(file.name for file in definitions)
        raise KitError(f"{path}: holds {len(definitions)} kits; name one of them: {names}")
    if not definitions:
        raise KitError(f"{path}: holds no XML file of a DrumGizmo kit, which starts with <{ROOT}>")
    return definitions[0]


def _listed(root: Element, listing: str, name: str) -> list[Element]:
    list_element = root.first(listing)
    if list_element is None:
        raise KitError(f"{root.place}: <{ROOT}> has no <{listing}>; it is required")
    return list(list_element.all(name))


def _regions(references: Sequence[Element], notes: Mapping[str, tuple[int, ...]], reading: Reading) -> list[Region]:
    names = [reference.required("name") for reference in references]
    groups = {
        name: reference.attributes.get("group", "").strip() for name, reference in zip(names, references, strict=True)
    }
    targets = {name: _targets(reference, groups) for name, reference in zip(names, references, strict=True)}
    chokes = choking(groups, targets)
    regions: list[Region] = []
    for name, reference in zip(names, references, strict=True):
        strokes, description = read_strokes(reference, reading)
        stroke_names = tuple(filter(None, (name, groups[name], description)))
        regions += [_region(stroke, stroke_names, notes.get(name, ()), chokes[name]) for stroke in strokes]
        if not strokes:
            reading.notices.append(f"{reference.place}: {name} has no sample that a microphone of the kit hears")
    return regions


def _targets(reference: Element, known: Mapping[str, str]) -> dict[str, float]:
    """Return the instruments that an instrument silences, with the length of the fade in seconds."""
    listing = reference.first("chokes")
    rows = [] if listing is None else list(listing.all("choke"))
    return {
        target: row.attribute_number("choketime", GROUP_FADE_S * 1000, 0.0, 60_000.0) / 1000
        for row in rows
        if (target := row.required("instrument")) in known
    }


def _region(stroke: Stroke, names: tuple[str, ...], keys: tuple[int, ...], chokes: Choking) -> Region:
    return Region(
        sounds=stroke.sounds,
        place=stroke.place,
        keys=keys,
        names=names,
        velocity=stroke.velocity,
        power=stroke.power,
        dynamics_db=stroke.dynamics_db,
        choke_group=chokes.group,
        chokes=(chokes.group,) if chokes.silences and chokes.group is not None else (),
        release_s=chokes.fade_s,
    )


def _microphones(names: Sequence[str], regions: Sequence[Region], reading: Reading) -> dict[str, Microphone]:
    """Return the microphones of a kit; none if there is only one."""
    if len(names) == 1:
        return {}
    placed = microphones_of(names, {name for region in regions if len(region.sounds) == 1 for name in region.sounds})
    reading.notices += [
        f"channel {name}: the signal of a trigger, not of a microphone; switched off, --mics sets its level"
        for name, microphone in placed.items()
        if microphone.gain_db == OFF_DB
    ]
    return placed


def _unnamed(region: Region) -> Region:
    """Return a region of a kit that was recorded with one microphone."""
    (sound,) = region.sounds.values()
    return replace(region, sounds={ONLY_MICROPHONE: sound})


def _count_ignored(root: Element, references: Sequence[Element], reading: Reading) -> None:
    reading.ignored["samplerate"] += "samplerate" in root.attributes
    reading.ignored["channelmap main"] += sum(
        row.attributes.get("main") == "true" for reference in references for row in reference.all("channelmap")
    )


def _description(root: Element, metadata: Element) -> str:
    description = metadata.value("description") or root.attributes.get("description", "")
    return _line(f"{description} {metadata.value('notes')}")


def _line(text: str) -> str:
    return " ".join(text[:MAX_DESCRIPTION].split())


FORMAT: Final = KitFormat(
    name="drumgizmo",
    description="kits of the drum sampler DrumGizmo: the XML file of a kit, or its folder",
    suffixes=(".xml",),
    accepts=accepts,
    read=read,
)
