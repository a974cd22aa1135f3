"""The format ``soundfont``: one drum kit of a SoundFont file."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Final

from stemgmd_tools.errors import KitError, UsageError, shown
from stemgmd_tools.kits.sources.base import DrumLibrary, KitFormat, Microphone
from stemgmd_tools.kits.sources.soundfont.presets import chosen
from stemgmd_tools.kits.sources.soundfont.regions import Reading, layer_name, named, regions_of
from stemgmd_tools.kits.sources.soundfont.samples import Samples
from stemgmd_tools.kits.sources.soundfont.structure import is_soundfont, read_structure
from stemgmd_tools.kits.sources.soundfont.zones import zones_of

_SUFFIXES: Final = (".sf2", ".sf3", ".sfo")
_LONGEST_DESCRIPTION: Final = 500


def accepts(path: Path) -> bool:
    """Return whether a path is a SoundFont file."""
    return path.suffix.lower() in _SUFFIXES or is_soundfont(path)


def read(path: Path, folder: Path, *, preset: str = "", attenuation: str = "0.4") -> DrumLibrary:
    """Read a drum kit of a SoundFont, and write its samples to files of a folder.

    :param preset: see :func:`stemgmd_tools.kits.sources.soundfont.presets.chosen`.
    :param attenuation: factor of all attenuations, a number from 0 to 1.
    :raises KitError: if the file is damaged, or has no drum kit.
    :raises UsageError: if it does not have the preset, or for another factor.
    """
    font = read_structure(path)
    kit, others = chosen(font, preset)
    ignored: Counter[str] = Counter()
    reading = Reading(font, Samples(font, folder), _factor(attenuation))
    regions = regions_of(zones_of(font, kit.place, ignored), reading)
    if not regions:
        raise KitError(f'{shown(path)}: preset "{kit.label}" plays no sample; name another one')
    notices = [f"{line} ({count})" if count > 1 else line for line, count in reading.notices.items()]
    if others:
        notices.append(f"other drum kits of the file: {', '.join(other.label for other in others)}")
    count = max(len(region.sounds) for region in regions)
    if count > 1:
        regions = [replace(region, sounds=named(region)) for region in regions]
    return DrumLibrary(
        folder=folder,
        regions=tuple(regions),
        title=f"{font.info.get('INAM') or path.stem}: {kit.name}",
        description=font.info.get("ICMT", "")[:_LONGEST_DESCRIPTION],
        license=font.info.get("ICOP", ""),
        attribution=font.info.get("IENG", ""),
        microphones={layer_name(number): Microphone() for number in range(count)} if count > 1 else {},
        ignored=dict(ignored),
        notices=tuple(notices),
    )


def _factor(text: str) -> float:
    try:
        factor = float(text)
    except ValueError:
        factor = math.nan
    if not 0 <= factor <= 1:
        raise UsageError(f'attenuation is "{text}"; allowed: 0 to 1, such as 1 (the specification) or 0.4 (FluidSynth)')
    return factor


FORMAT: Final = KitFormat(
    name="soundfont",
    description="SoundFont 2 and 3: banks of FluidSynth, MuseScore and many synthesizers",
    suffixes=_SUFFIXES,
    accepts=accepts,
    read=read,
    options={
        "preset": "name of a preset, or bank and program such as 128:8; by default the first drum kit",
        "attenuation": "factor of all attenuations: 0.4 (default) as FluidSynth and E-mu, 1 as the specification",
    },
)
