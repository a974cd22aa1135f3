"""Which layer of a Hydrogen instrument plays at which velocity."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from stemgmd_tools.kits.sources.base import SoundFile
from stemgmd_tools.numerics.elementary import log10

VELOCITIES: Final = range(1, 128)
VELOCITY: Final = "VELOCITY"
ROUND_ROBIN: Final = "ROUND_ROBIN"
RANDOM: Final = "RANDOM"


def decibels(factor: float) -> float:
    """Return a positive factor of amplitude in dB."""
    return 20.0 * log10(factor)


@dataclass(frozen=True, slots=True)
class Layer:
    """A sound, and the velocities it is for, 0..1."""

    sound: SoundFile
    lowest: float
    highest: float
    place: str


@dataclass(frozen=True, slots=True)
class Component:
    """Layers of an instrument that are chosen from together: all of its sound, or that of one microphone."""

    name: str
    selection: str
    """``VELOCITY``, ``ROUND_ROBIN`` or ``RANDOM``; any other counts as the first."""
    layers: tuple[Layer, ...]
    level_db: float = 0.0
    """Its level in the mix of the kit."""

    def playing(self, velocity: int) -> tuple[int, ...]:
        """Return the indices of the layers that may play at a MIDI velocity.

        Of several layers for a velocity, Hydrogen plays the first, or each in turn, or any, as the selection says.
        Where no layer is for a velocity, it plays the one that starts nearest.
        """
        strength = velocity / VELOCITIES[-1]
        rows = enumerate(self.layers)
        held = tuple(index for index, layer in rows if layer.lowest <= strength <= layer.highest)
        if not held:
            return (min(range(len(self.layers)), key=lambda index: abs(self.layers[index].lowest - strength)),)
        return held if self.selection in (ROUND_ROBIN, RANDOM) else held[:1]


@dataclass(frozen=True, slots=True)
class Take:
    """Layers of all components that sound together."""

    layers: tuple[Layer, ...]
    """One of each component, in their order."""
    velocity: tuple[int, int]
    turn: int | None
    """Position in the order in which takes are played, from 1; None if there is none."""


def takes(components: Sequence[Component]) -> list[Take]:
    """Return what sounds at each range of velocities."""
    held: dict[tuple[int | None, tuple[int, ...]], list[int]] = {}
    in_turn = any(component.selection == ROUND_ROBIN for component in components)
    for velocity in VELOCITIES:
        choices = [component.playing(velocity) for component in components]
        count = max(map(len, choices))
        for number in range(count):
            together = tuple(choice[number % len(choice)] for choice in choices)
            turn = number + 1 if in_turn and count > 1 else None
            held.setdefault((turn, together), []).append(velocity)
    return [
        Take(tuple(component.layers[index] for component, index in zip(components, together, strict=True)), run, turn)
        for (turn, together), velocities in held.items()
        for run in runs(velocities)
    ]


def runs(numbers: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Yield first and last of each run of consecutive numbers, given in ascending order.

    >>> list(runs([1, 2, 3, 7, 8]))
    [(1, 3), (7, 8)]
    """
    start = previous = numbers[0]
    for number in numbers[1:]:
        if number > previous + 1:
            yield start, previous
            start = number
        previous = number
    yield start, previous
