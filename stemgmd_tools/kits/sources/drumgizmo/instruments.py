"""Read the instruments of a DrumGizmo kit: samples, their microphones, and when they play."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sources.base import SoundFile
from stemgmd_tools.kits.sources.safe_xml import Element, XmlReader
from stemgmd_tools.kits.sources.sound_folder import SoundFolder
from stemgmd_tools.numerics.elementary import log10

MAX_CHANNELS: Final = 256
"""As in sample maps; the largest kits have 17."""
ROUNDING: Final = 1e-4
"""Velocities are written with six digits, so that 64 / 127 may be a little too small."""
LINEAR_DYNAMICS_DB: Final = 20.0 * log10(127)
"""Normalised samples are multiplied by velocity / 127, which is so many dB from velocity 1 to 127."""


@dataclass(slots=True)
class Reading:
    """What the instruments of a kit share while they are read."""

    xml: XmlReader
    sounds: SoundFolder
    microphones: frozenset[str]
    ignored: Counter[str] = field(default_factory=Counter)
    notices: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Stroke:
    """One recorded stroke, and when it is played."""

    sounds: Mapping[str, SoundFile]
    """By microphone of the kit."""
    place: str
    velocity: tuple[int, int] | None
    power: float | None
    dynamics_db: float


def read_strokes(reference: Element, reading: Reading) -> tuple[list[Stroke], str]:
    """Read the file of an instrument.

    :param reference: the instrument in the file of the kit.
    :return: its strokes and its description.
    :raises KitError: if a file, an attribute or a sample is missing, or leads out of the kit's folder.
    """
    path = reading.sounds.find(reference.required("file"), reference.place)
    root = reading.xml.read(path, "instrument")
    base = PurePosixPath(path.relative_to(reading.sounds.folder).parent.as_posix())
    samples = root.first("samples")
    elements = [] if samples is None else list(samples.all("sample"))
    outputs = _outputs(reference)
    sounds = {id(element): _sounds(element, outputs, base, reading) for element in elements}
    strokes = _by_velocity(root, elements, reading) if _is_first_version(root) else _by_power(elements)
    sounding = [
        Stroke(sounds[id(element)], element.place, velocity, power, dynamics)
        for element, velocity, power, dynamics in strokes
        if sounds[id(element)]
    ]
    return sounding, root.attributes.get("description", "").strip()


_Row = tuple[Element, tuple[int, int] | None, float | None, float]
"""A sample, the velocities that play it, its power, and the dynamics that the player adds."""


def _is_first_version(root: Element) -> bool:
    return root.attributes.get("version", "1.0").strip() in ("1", "1.0", "1.0.0")


def _by_power(elements: list[Element]) -> Iterator[_Row]:
    """Yield samples of version 2: the player chooses one whose power suits the velocity."""
    for element in elements:
        element.required("power")
        power = element.attribute_number("power", 0.0, 0.0, 1e12)
        normalised = element.attributes.get("normalized", "").strip() == "true"
        yield element, None, power, LINEAR_DYNAMICS_DB if normalised else 0.0


def _by_velocity(root: Element, elements: list[Element], reading: Reading) -> Iterator[_Row]:
    """Yield samples of version 1: ranges of velocities name the samples that play in them, at random."""
    by_name: dict[str, Element] = {}
    for element in elements:
        by_name.setdefault(element.required("name"), element)
    velocities = root.first("velocities")
    ranges = [] if velocities is None else list(velocities.all("velocity"))
    if not ranges and elements:
        reading.notices.append(f"{root.place}: has no velocities; all samples play at all velocities")
        yield from ((element, (1, 127), None, 0.0) for element in elements)
    for one in ranges:
        one.required("lower"), one.required("upper")
        played = _midi_velocities(*(one.attribute_number(name, 0.0, 0.0, 1.0) for name in ("lower", "upper")))
        references = list(one.all("sampleref"))
        chances = {reference.attributes.get("probability") for reference in references}
        reading.ignored["sampleref probability"] += len(references) if len(chances) > 1 else 0
        for reference in references:
            name = reference.required("name")
            if name not in by_name:
                raise KitError(f'{reference.place}: no sample is called "{name}"')
            if played is not None:
                yield by_name[name], played, None, 0.0


def _midi_velocities(lower: float, upper: float) -> tuple[int, int] | None:
    """Return the MIDI velocities of a range of 0..1; None if none lies in it.

    A velocity on the border of two ranges belongs to the lower one.

    >>> _midi_velocities(0.0, 0.5), _midi_velocities(0.5, 1.0), _midi_velocities(0.5, 0.503)
    ((1, 63), (64, 127), None)
    """
    low, high = sorted((lower, upper))
    first = math.floor(low * 127 + ROUNDING) + 1
    last = math.floor(high * 127 + ROUNDING)
    return (first, last) if first <= last else None


def _outputs(reference: Element) -> dict[str, str]:
    """Return the microphone of the kit for each channel of an instrument; others have the same name."""
    return {row.required("in"): row.required("out") for row in reference.all("channelmap")}


def _sounds(sample: Element, outputs: Mapping[str, str], base: PurePosixPath, reading: Reading) -> dict[str, SoundFile]:
    sounds: dict[str, SoundFile] = {}
    for file in sample.all("audiofile"):
        channel = file.required("channel")
        microphone = outputs.get(channel, channel)
        if microphone not in reading.microphones:
            reading.ignored[f"channel {microphone}"] += 1
            continue
        number = file.attribute_number("filechannel", 1, 1, MAX_CHANNELS)
        path = reading.sounds.find(file.required("file"), file.place, base)
        sounds.setdefault(microphone, SoundFile(path, (int(number),)))
    return sounds
