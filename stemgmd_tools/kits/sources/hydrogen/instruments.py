"""Read the instruments of a Hydrogen kit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.sample_map.envelope import SILENCE_DB, Envelope
from stemgmd_tools.kits.sources.base import SoundFile
from stemgmd_tools.kits.sources.envelopes import audible
from stemgmd_tools.kits.sources.hydrogen.layers import VELOCITY, Component, Layer, decibels
from stemgmd_tools.kits.sources.safe_xml import Element
from stemgmd_tools.kits.sources.sound_folder import SoundFolder
from stemgmd_tools.numerics.elementary import exp2

ONE_COMPONENT: Final = "Main"
"""Name of the component of instruments that name none, as Hydrogen calls it."""
MAX_LAYERS: Final = 20_000
"""Most layers of a kit; the largest that was seen has 800."""

_GAINS: Final = (0.0, 1000.0)
_PITCHES: Final = (-120.0, 120.0)
_COUNTS: Final = (-1e10, 1e10)
_SHORTEST_RELEASE_FRAMES: Final = 256.0
_FRAME_RATE: Final = 44_100
"""Envelopes count frames; this is the usual rate."""
_LONGEST_STAGE: Final = 100_000.0
"""Frames; Hydrogen's own limit."""
_LONGEST_S: Final = 200.0


@dataclass(frozen=True, slots=True)
class KitComponent:
    """A component that the kit defines for all instruments (versions 0.9.7 to 1.2)."""

    name: str
    volume: float


@dataclass(slots=True)
class Reading:
    """What the instruments of a kit share while they are read."""

    sounds: SoundFolder
    kit_components: Mapping[str, KitComponent]
    """By number."""
    ignored: Counter[str] = field(default_factory=Counter)
    layers: int = 0


class EnvelopeFrames(NamedTuple):
    """The envelope of an instrument; its stages count frames of the sample, so a higher pitch makes them shorter."""

    attack: float
    decay: float
    sustain: float
    """Ratio of amplitude."""

    def at(self, pitch_semitones: float) -> Envelope | None:
        """Return the envelope of a sample that is played at a pitch; None if it changes nothing."""
        rate = _FRAME_RATE * exp2(pitch_semitones / 12.0)
        level_db = decibels(self.sustain) if self.sustain > 0 else SILENCE_DB
        return audible(
            Envelope(
                attack_s=min(self.attack / rate, _LONGEST_S),
                decay_s=min(self.decay / rate, _LONGEST_S),
                sustain_db=max(level_db, SILENCE_DB),
                curve="exponential",
            )
        )


@dataclass(frozen=True, slots=True)
class Instrument:
    """What is played by one note."""

    name: str
    kind: str
    """What it is, in words that Hydrogen 2.0 proposes, such as "Snare"; "" if the file does not say."""
    components: tuple[Component, ...]
    """Those that sound."""
    muted: bool
    """Whether the kit keeps it from sounding."""
    gain_db: float
    pan: float
    note: int | None
    mute_group: str | None
    release_s: float
    envelope: EnvelopeFrames
    follows_velocity: bool
    """Whether the sound is multiplied by velocity / 127."""
    hihat_group: int | None
    pressure: tuple[int, int]
    """Lowest and highest value of controller 4 at which it stands for the others of its hi-hat group."""


def read_instrument(element: Element, reading: Reading) -> Instrument:
    """Read an instrument.

    :raises KitError: if a number is none or out of range, or a file name leads out of the kit's folder.
    """
    reading.ignored.update(_ignored(element))
    gain = element.number("gain", 1.0, *_GAINS) * element.number("volume", 1.0, *_GAINS)
    group, note = (int(element.number(name, -1, *_COUNTS)) for name in ("muteGroup", "midiOutNote"))
    low, high = (int(element.number(*row, *_COUNTS)) for row in (("lower_cc", 0), ("higher_cc", 127)))
    release = max(element.number("Release", 1000, 0, 1e9), _SHORTEST_RELEASE_FRAMES)
    return Instrument(
        name=shown_text(element, "name"),
        kind=shown_text(element, "type"),
        components=tuple(_components(element, reading)),
        muted=_is_true(element, "isMuted") or gain == 0,
        gain_db=decibels(gain) if gain else 0.0,
        pan=_pan(element),
        note=note if 0 <= note <= 127 else None,
        mute_group=str(group) if group >= 0 else None,
        release_s=release / _FRAME_RATE,
        envelope=_envelope(element),
        follows_velocity=element.value("applyVelocity").lower() != "false",
        hihat_group=_hihat_group(element),
        pressure=(max(low, 0), min(high, 127)),
    )


def _envelope(element: Element) -> EnvelopeFrames:
    """Return the envelope, brought into Hydrogen's own limits as Hydrogen does it."""
    attack, decay = (min(max(element.number(name, 0.0, *_COUNTS), 0.0), _LONGEST_STAGE) for name in ("Attack", "Decay"))
    return EnvelopeFrames(attack, decay, min(max(element.number("Sustain", 1.0, *_COUNTS), 0.0), 1.0))


def shown_text(element: Element, name: str) -> str:
    """Return the text of a child on one line.

    Programs before 0.9.7 wrote each byte of UTF-8 as a character of its own.
    """
    text = " ".join(element.value(name).split())
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _components(element: Element, reading: Reading) -> Iterator[Component]:
    """Yield the components that sound: its own, or one of the layers or the file that old versions gave directly."""
    names: Counter[str] = Counter()
    parts = list(element.all("instrumentComponent")) or [element]
    for part in parts:
        kit_wide = reading.kit_components.get(part.value("component_id"))
        own = part is not element
        name = kit_wide.name if kit_wide else (shown_text(part, "name") if own else "") or ONE_COMPONENT
        names[name] += 1
        gain = part.number("gain", 1.0, *_GAINS) if own else 1.0
        volume = kit_wide.volume if kit_wide else 1.0
        silent = (own and _is_true(part, "isMuted")) or gain == 0 or volume == 0
        selection = part.value("sampleSelectionAlgo") or element.value("sampleSelectionAlgo") or VELOCITY
        layers = () if silent else tuple(_layers(part, element, decibels(gain), reading))
        if layers:
            own_name = name if names[name] == 1 else f"{name} {names[name]}"
            yield Component(own_name, selection.upper(), layers, decibels(volume))


def _layers(part: Element, instrument: Element, gain_db: float, reading: Reading) -> Iterator[Layer]:
    elements = list(part.all("layer")) or ([part] if part.first("filename") else [])
    reading.layers += len(elements)
    if reading.layers > MAX_LAYERS:
        raise KitError(f"{part.place}: the kit has more than {MAX_LAYERS} layers")
    pitch = instrument.number("pitchOffset", 0.0, *_PITCHES)
    for element in elements:
        file = shown_text(element, "filename")
        own = element.name == "layer"
        gain = element.number("gain", 1.0, *_GAINS) if own else 1.0
        if not file or gain == 0 or (own and _is_true(element, "isMuted")):
            continue
        first, last = _cut(element, reading.ignored)
        sound = SoundFile(
            path=reading.sounds.find(file, element.place),
            start_frame=first,
            end_frame=last,
            gain_db=gain_db + decibels(gain),
            pitch_semitones=pitch + (element.number("pitch", 0.0, *_PITCHES) if own else 0.0),
        )
        yield Layer(sound, element.number("min", 0.0, *_COUNTS), element.number("max", 1.0, *_COUNTS), element.place)


def _cut(layer: Element, ignored: Counter[str]) -> tuple[int, int | None]:
    """Return the first frame that plays and the first that does not, of a layer that was edited in Hydrogen."""
    if not _is_true(layer, "ismodified"):
        return 0, None
    for name in ("loops", "userubber"):
        ignored[name] += layer.number(name, 0, *_COUNTS) > 0
    for name in ("volume", "pan"):  # each element is a point of an envelope
        ignored[f"{name} envelope"] += layer.first(name) is not None
    first, last = (int(layer.number(name, 0, *_COUNTS)) for name in ("startframe", "endframe"))
    first = max(first, 0)
    return first, last if last > first else None


def _pan(element: Element) -> float:
    """Return the balance; until 1.1 it was stored as the two channels' gains, of which only the ratio counts."""
    if element.first("pan") is not None:
        return max(-1.0, min(1.0, element.number("pan", 0.0, *_COUNTS)))
    left, right = (max(element.number(name, 1.0, *_COUNTS), 0.0) for name in ("pan_L", "pan_R"))
    if left == right == 0:
        return 0.0
    return right / left - 1 if left >= right else 1 - left / right


def _hihat_group(element: Element) -> int | None:
    """Return the number of the hi-hat group; 0.9.7 only said whether an instrument was in it."""
    text = element.value("isHihat").lower()
    if text in ("true", "false", ""):
        return 0 if text == "true" else None
    group = int(element.number("isHihat", -1, *_COUNTS))
    return group if group >= 0 else None


def _ignored(element: Element) -> Iterator[str]:
    """Yield the settings of an instrument that would change its sound in Hydrogen but have no influence here."""
    if _is_true(element, "filterActive") and element.number("filterCutoff", 1.0, *_COUNTS) < 1:
        yield "filterCutoff"
    for name in ("randomPitchFactor", "FX1Level", "FX2Level", "FX3Level", "FX4Level"):
        if element.number(name, 0.0, *_COUNTS) > 0:
            yield name
    if _is_true(element, "isStopNote"):
        yield "isStopNote"
    exclude = element.first("exclude")
    if exclude is not None and exclude.children:
        yield "exclude"


def _is_true(element: Element, name: str) -> bool:
    return element.value(name).lower() in ("true", "1")
