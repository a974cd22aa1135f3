"""Sources of an articulation's one-shots: files, a modelled voice, or a fallback to another articulation."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Protocol

from stemgmd_tools.errors import KitError
from stemgmd_tools.kits.bank.one_shots import Stereo, Treatment, read_one_shot
from stemgmd_tools.kits.sample_map.kit import Kit
from stemgmd_tools.kits.sample_map.schema import Articulation, Fallback, Layer
from stemgmd_tools.kits.sample_map.validation import HIGHEST_VELOCITY, LOWEST_VELOCITY
from stemgmd_tools.kits.synthesis.bands import SAMPLE_RATE as MODEL_RATE
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.kits.synthesis.room import Room
from stemgmd_tools.kits.synthesis.voice import Synthesiser


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

    def one_shot(self, degree: int, layer: int, variation: int) -> tuple[Stereo, int]:
        """Return one sound and its sample rate."""


class FileSource:
    """One-shots read from files."""

    def __init__(self, folder: Path, layers: Sequence[Layer]) -> None:
        """Sort the layers by openness, then velocity."""
        self._folder = folder
        self.degrees = tuple(sorted({layer.openness for layer in layers if layer.openness is not None}))
        self._layers = [
            tuple(
                SourceLayer(
                    low=layer.velocity[0],
                    high=layer.velocity[1],
                    reference=layer.reference or layer.velocity[1],
                    gain_db=layer.gain_db,
                    takes=layer.files,
                )
                for layer in sorted(layers, key=lambda layer: layer.velocity)
                if layer.openness == degree
            )
            for degree in (self.degrees or (None,))
        ]

    def layers(self, degree: int) -> tuple[SourceLayer, ...]:
        """Return the layers at one degree, softest first."""
        return self._layers[degree]

    def one_shot(self, degree: int, layer: int, variation: int) -> tuple[Stereo, int]:
        """Read one file.

        :raises KitError: if it cannot be used.
        """
        return read_one_shot(self._folder / self._layers[degree][layer].takes[variation])


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

    def one_shot(self, degree: int, layer: int, variation: int) -> tuple[Stereo, int]:
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
        )

    def _source(self, name: str, articulation: Articulation) -> Source:
        if articulation.model is not None:
            return ModelSource(articulation.model, self._room, self._kit.name, name)
        if self._kit.folder is None:
            raise KitError(f"kit {self._kit.name}: {name} plays sample files, but no folder of samples is known")
        return FileSource(self._kit.folder, articulation.layers or ())


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
        borrowed=(fallback.articulation, *lender.borrowed),
    )
