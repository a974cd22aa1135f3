"""Sources of an articulation's one-shots: files, a modelled voice, or a fallback to another articulation."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Final, Protocol

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.one_shots import (
    Part,
    Scaled,
    Stereo,
    Treatment,
    balance,
    mixed,
    pitch_ratio,
    read_parts,
)
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.sample_map.schema import Articulation, Fallback, Layer, Microphone, Sound
from stemgmd_tools.kits.sample_map.validation import HIGHEST_VELOCITY, LOWEST_VELOCITY
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE as MODEL_RATE
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.kits.synthesis.room import Room
from stemgmd_tools.kits.synthesis.voice import Synthesiser
from stemgmd_tools.units import gain_of_db

NO_MICROPHONE: Final = ""
"""Name that stands for sounds that no named microphone recorded."""


@dataclass(frozen=True, slots=True)
class SourceLayer:
    """One velocity layer at one degree of openness."""

    low: int
    high: int
    """Lowest and highest velocity of the layer."""
    reference: int
    """Velocity at which its one-shots are played unchanged."""
    gain_db: float
    takes: tuple[str, ...]
    """Names of its one-shots, one per variation; equal names are equal sounds within a kit."""


class Source(Protocol):
    """One-shots by degree of openness, velocity layer (0 = softest) and variation."""

    @property
    def degrees(self) -> tuple[float, ...]:
        """Degrees of openness, ascending; empty for a source without openness."""

    def layers(self, degree: int) -> tuple[SourceLayer, ...]:
        """Return the layers at one degree, softest first; the degree is 0 for a source without openness."""

    def one_shot(self, degree: int, layer: int, variation: int) -> tuple[Stereo, float]:
        """Return one sound and its sample rate, which is not whole if its pitch is to be shifted."""


class FileSource:
    """One-shots read from files, the microphones of each mixed."""

    def __init__(self, folder: Path, layers: Sequence[Layer], microphones: Mapping[str, Microphone]) -> None:
        """Sort the layers by openness, then velocity.

        :param microphones: those of the kit; their levels are part of the sound.
        """
        self._folder = folder
        self._microphones = microphones
        self.degrees = tuple(sorted({layer.openness for layer in layers if layer.openness is not None}))
        self._recorded = [
            tuple(
                sorted((layer for layer in layers if layer.openness == degree), key=lambda layer: layer.velocity),
            )
            for degree in (self.degrees or (None,))
        ]

    def layers(self, degree: int) -> tuple[SourceLayer, ...]:
        """Return the layers at one degree, softest first."""
        return tuple(
            SourceLayer(
                low=layer.velocity[0],
                high=layer.velocity[1],
                reference=layer.reference or layer.velocity[1],
                gain_db=layer.gain_db,
                takes=_take_names(layer),
            )
            for layer in self._recorded[degree]
        )

    def one_shot(self, degree: int, layer: int, variation: int) -> tuple[Stereo, float]:
        """Read the files of one take and mix its microphones.

        :raises KitError: if a file cannot be used.
        """
        sounds, rate = self.one_shot_by_microphone(degree, layer, variation)
        return mixed(list(sounds.values())), rate

    def one_shot_by_microphone(self, degree: int, layer: int, variation: int) -> tuple[dict[str, Scaled], float]:
        """Read the files of one take; return the sound of each microphone, at its level, and the sample rate.

        The sum of the sounds is :meth:`one_shot`. A sound that no named microphone recorded has an empty name.

        :raises KitError: if a file cannot be used.
        """
        sounds = self._sounds(self._recorded[degree][layer], variation)
        parts, rate = read_parts([self._part(name, sound) for name, sound in sounds])
        pitch = sounds[0][1].pitch_semitones
        return dict(zip((name for name, _ in sounds), parts, strict=True)), rate * pitch_ratio(pitch)

    def _sounds(self, layer: Layer, variation: int) -> list[tuple[str, Sound]]:
        """Return the sounds of a take, each with the name of its microphone."""
        if layer.takes is not None:
            return list(layer.takes[variation].items())
        sound = (layer.files or ())[variation]
        placed = [name for name, one in self._microphones.items() if one.channels and not sound.channels]
        return [(name, sound) for name in placed] or [(NO_MICROPHONE, sound)]

    def _part(self, name: str, sound: Sound) -> Part:
        microphone = self._microphones.get(name) or Microphone()
        gain = _gain(microphone.gain_db + sound.gain_db)
        (left, right), (moved_left, moved_right) = balance(microphone.pan), balance(sound.pan)
        return Part(
            self._folder / sound.file,
            sound.channels or microphone.channels,
            sound.start_frame,
            sound.end_frame,
            gain * left * moved_left,
            gain * right * moved_right,
            pitch_ratio(sound.pitch_semitones),
            sound.lowpass,
            sound.highpass,
            sound.envelope,
            sound.loop,
        )


def _take_names(layer: Layer) -> tuple[str, ...]:
    if layer.takes is not None:
        return tuple(
            json.dumps({name: sound.model_dump(exclude_defaults=True) for name, sound in take.items()})
            for take in layer.takes
        )
    return tuple(
        sound.file if sound.is_plain else json.dumps(sound.model_dump(exclude_defaults=True))
        for sound in layer.files or ()
    )


@lru_cache(maxsize=1024)
def _gain(gain_db: float) -> float:
    """Return the amplitude ratio of a gain; a kit has few, but asks for them with every file."""
    return gain_of_db(gain_db)


def take_label(name: str) -> str:
    """Return the files of a one-shot for messages, from its name in :attr:`SourceLayer.takes`.

    >>> take_label("snare.wav"), take_label('{"file": "snare.wav", "channels": [2]}')
    ('snare.wav', 'snare.wav')
    >>> take_label('{"close": {"file": "s1.wav"}, "room": {"file": "s1.wav"}, "top": "s2.wav"}')
    's1.wav and 1 more'
    """
    try:
        settings = json.loads(name) if name.startswith("{") else None
    except ValueError:  # a file of such a name
        settings = None
    if not isinstance(settings, dict):
        return name
    sounds = [settings] if isinstance(settings.get("file"), str) else list(settings.values())
    first, *others = dict.fromkeys(sound if isinstance(sound, str) else sound["file"] for sound in sounds)
    return f"{first} and {len(others)} more" if others else first


class ModelSource:
    """One-shots synthesised from the parameters of a voice."""

    def __init__(self, voice: VoiceModel, room: Room | None, kit: str, articulation: str) -> None:
        """Assign every velocity to the layer whose reference is nearest in ratio."""
        self._synthesiser = Synthesiser(voice, room, kit, articulation)
        self._name = articulation
        self.degrees = tuple(voice.openness.degrees) if voice.openness else ()
        references = self._synthesiser.velocities
        borders = [math.isqrt(softer * harder) for softer, harder in pairwise(references)]
        lows = [LOWEST_VELOCITY, *(border + 1 for border in borders)]
        self._ranges = list(zip(lows, [*borders, HIGHEST_VELOCITY], references, strict=True))

    def layers(self, degree: int) -> tuple[SourceLayer, ...]:
        """Return the layers at one degree, softest first."""
        return tuple(
            SourceLayer(
                low=low,
                high=high,
                reference=reference,
                gain_db=0.0,
                takes=tuple(
                    f"{self._name}/{degree}/{layer}/{variation}" for variation in range(self._synthesiser.variations)
                ),
            )
            for layer, (low, high, reference) in enumerate(self._ranges)
        )

    def one_shot(self, degree: int, layer: int, variation: int) -> tuple[Stereo, float]:
        """Synthesise one sound."""
        return self._synthesiser.one_shot(layer, degree, variation), MODEL_RATE


@dataclass(frozen=True, slots=True)
class ArticulationSource:
    """The resolved source of one articulation, with all fallbacks followed."""

    source: Source
    degrees: tuple[int, ...]
    """Indices of its degrees in those of the source; ``(0,)`` if the source has none."""
    treatment: Treatment
    gain_db: float
    """Gain of the kit, the articulation and the fallbacks together."""
    dynamics_db: float | None
    is_smooth: bool
    """Whether one curve is drawn through the levels of the layers."""
    borrowed: tuple[str, ...] = field(default=())
    """Articulations of the fallback chain, nearest first; empty without a fallback."""

    def openness(self, degree: int) -> float:
        """Return the openness of one of its degrees; NaN if it has none."""
        return self.source.degrees[self.degrees[degree]] if self.source.degrees else math.nan


class Recipes:
    """The sources of a kit's articulations; the room is prepared once."""

    def __init__(self, kit: Kit) -> None:
        """Prepare the kit's room, if it has one."""
        self._kit = kit
        self._room = Room(kit.map.room, kit.name) if kit.map.room else None

    def __getitem__(self, name: str) -> ArticulationSource:
        """Return the resolved source of an articulation.

        :param name: one of the 22 articulations.
        """
        articulation = self._kit.map.articulations[name]
        if articulation.fallback is not None:
            return _borrowed(self[articulation.fallback.articulation], articulation, articulation.fallback)
        source = self._source(name, articulation)
        return ArticulationSource(
            source=source,
            degrees=tuple(range(len(source.degrees))) or (0,),
            treatment=Treatment().then(0.0, articulation.pan),
            gain_db=self._kit.map.gain_db + articulation.gain_db,
            dynamics_db=articulation.dynamics_db,
            is_smooth=self._kit.map.velocity_curve == "smooth",
        )

    def _source(self, name: str, articulation: Articulation) -> Source:
        if articulation.model is not None:
            return ModelSource(articulation.model, self._room, self._kit.name, name)
        if self._kit.folder is None:
            raise KitError(f"kit {self._kit.name}: {name} plays sample files, but no folder of samples is known")
        return FileSource(self._kit.folder, articulation.layers or (), self._kit.map.microphones or {})


def _borrowed(lender: ArticulationSource, articulation: Articulation, fallback: Fallback) -> ArticulationSource:
    """Return the source of an articulation that borrows from ``lender``."""
    degrees = lender.degrees
    if fallback.openness is not None and lender.source.degrees:
        wanted = fallback.openness
        degrees = (min(degrees, key=lambda degree: abs(lender.source.degrees[degree] - wanted)),)
    return ArticulationSource(
        source=lender.source,
        degrees=degrees,
        treatment=lender.treatment.then(fallback.pitch_semitones, articulation.pan),
        gain_db=lender.gain_db + fallback.gain_db + articulation.gain_db,
        dynamics_db=lender.dynamics_db if articulation.dynamics_db is None else articulation.dynamics_db,
        is_smooth=lender.is_smooth,
        borrowed=(fallback.articulation, *lender.borrowed),
    )
