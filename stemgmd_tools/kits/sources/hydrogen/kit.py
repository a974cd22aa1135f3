"""Read a Hydrogen kit."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sources.base import DrumLibrary, KitFormat, Region
from stemgmd_tools.kits.sources.hydrogen.installed import DEFINITION, installed
from stemgmd_tools.kits.sources.hydrogen.instruments import (
    Instrument,
    KitComponent,
    Reading,
    read_instrument,
    shown_text,
)
from stemgmd_tools.kits.sources.hydrogen.regions import hides_layers, microphones, notes_of, openness_of, regions_of
from stemgmd_tools.kits.sources.safe_xml import Element, XmlReader, root_name
from stemgmd_tools.kits.sources.sound_folder import SoundFolder
from stemgmd_tools.kits.sources.tar_archive import unpack_tar
from stemgmd_tools.storage.paths import leads_out

ROOT: Final = "drumkit_info"
ARCHIVE_SUFFIX: Final = ".h2drumkit"
MAX_INSTRUMENTS: Final = 1000
"""Hydrogen's own limit."""

_MAX_INFO: Final = 20_000
_MARKUP: Final = re.compile(r"<style\b.*?</style\s*>|<[^<>]*>", re.DOTALL | re.IGNORECASE)
_NAMED: Final = 5
"""Most instruments that a notice names."""


def accepts(path: Path) -> bool:
    """Return whether a path is an archive of a kit, a ``drumkit.xml`` of Hydrogen or a folder with one."""
    if path.suffix.lower() == ARCHIVE_SUFFIX and not path.is_dir():
        return path.is_file()
    if path.is_dir() and leads_out(path, DEFINITION):
        return False
    return root_name(path / DEFINITION if path.is_dir() else path) == ROOT


def read(path: Path, samples: Path) -> DrumLibrary:
    """Read a kit.

    :param path: its folder, its ``drumkit.xml`` or an archive.
    :param samples: folder that an archive is unpacked to.
    :raises KitError: if the definition cannot be used; the message gives file, line and element.
    """
    definition = _definition(path, samples)
    root = XmlReader(definition.parent).read(definition, ROOT)
    reading = Reading(SoundFolder(definition.parent), _kit_components(root))
    instruments = _instruments(root, reading)
    named = microphones(instruments)
    regions, key_names = _regions(instruments, named=bool(named))
    if not regions:
        raise KitError(f"{root.file}: no instrument has a layer that sounds; a kit needs one")
    return DrumLibrary(
        folder=definition.parent,
        regions=tuple(regions),
        title=shown_text(root, "name") or definition.parent.name,
        description=_plain(root.value("info")),
        license=_text_of(root, "license") or _text_of(root, "licence"),
        attribution=_text_of(root, "author"),
        microphones=named,
        key_names=key_names,
        ignored={name: count for name, count in sorted(reading.ignored.items()) if count},
        notices=tuple(_notices(instruments)),
    )


def _definition(path: Path, samples: Path) -> Path:
    """Return the path of ``drumkit.xml``, after unpacking an archive."""
    if path.is_dir():
        return path / DEFINITION
    if path.suffix.lower() != ARCHIVE_SUFFIX:
        return path
    unpack_tar(path, samples, DEFINITION)
    return samples / DEFINITION


def _kit_components(root: Element) -> dict[str, KitComponent]:
    """Return the components that all instruments share by number; none from version 2.0 on."""
    listing = root.first("componentList")
    if listing is None:
        return {}
    return {
        item.value("id"): KitComponent(
            shown_text(item, "name") or f"component {item.value('id')}", item.number("volume", 1.0, 0.0, 1000.0)
        )
        for item in listing.all("drumkitComponent")
    }


def _instruments(root: Element, reading: Reading) -> list[Instrument]:
    listing = root.first("instrumentList")
    if listing is None:
        raise KitError(f"{root.place}: <{ROOT}> has no <instrumentList>; it is required")
    elements = list(listing.all("instrument"))
    if len(elements) > MAX_INSTRUMENTS:
        raise KitError(f"{listing.place}: {len(elements)} instruments; at most {MAX_INSTRUMENTS} are allowed")
    return [read_instrument(element, reading) for element in elements]


def _regions(instruments: Sequence[Instrument], *, named: bool) -> tuple[list[Region], dict[int, str]]:
    """Return the regions of all instruments, and what the kit calls the notes that play them."""
    regions: list[Region] = []
    key_names: dict[int, str] = {}
    rows = zip(instruments, notes_of(instruments), openness_of(instruments), strict=True)
    for instrument, note, openness in rows:
        instrument_regions = regions_of(instrument, note, openness, named=named)
        regions += instrument_regions
        if instrument_regions and note is not None:
            key_names.setdefault(note, instrument.name)
    return regions, dict(sorted(key_names.items()))


def _notices(instruments: Sequence[Instrument]) -> Iterator[str]:
    sounding = [instrument for instrument in instruments if instrument.components]
    for what, names in {
        "instruments without sound, left out": [one.name for one in instruments if not one.components],
        "instruments that the kit mutes, left out": [one.name for one in sounding if one.muted],
        "instruments with layers that never play, as others come first": [
            one.name for one in sounding if hides_layers(one)
        ],
    }.items():
        shown = ", ".join(name or "(without a name)" for name in names[:_NAMED])
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        if names:
            yield f"{what}: {shown}{more}"


def _text_of(root: Element, name: str) -> str:
    """Return the text of an element; what Hydrogen writes where nothing was given counts as nothing."""
    text = shown_text(root, name)
    return "" if text.lower() in {"undefined license", "undefined author"} else text


def _plain(info: str) -> str:
    """Return the description as text; Hydrogen stores it as HTML of Qt."""
    return " ".join(html.unescape(_MARKUP.sub(" ", info[:_MAX_INFO])).split())


FORMAT: Final = KitFormat(
    name="hydrogen",
    description="kits of the drum machine Hydrogen: drumkit.xml, its folder, or an archive .h2drumkit",
    suffixes=(ARCHIVE_SUFFIX, ".xml"),
    accepts=accepts,
    read=read,
    installed=installed,
)
