"""Types for declaring effects: domains, scopes, parameters, effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Value: TypeAlias = float | int | str
"""Value of a parameter; it survives JSON bit-identically."""


class Domain(StrEnum):
    """What an effect acts on, in the order of a chain."""

    PERFORMANCE = "performance"
    """The hits of a performance."""
    KIT = "kit"
    """The kits and single strokes."""
    AUDIO = "audio"
    """Stems, or the mixture after the stems are summed."""
    MIX = "mix"
    """The mixture only."""


class Scope(StrEnum):
    """Unit for which a step draws."""

    EXAMPLE = "example"
    """One draw for all selected stems."""
    STEM = "stem"
    """One draw for each selected stem."""
    TARGET = "target"
    """As ``stem``, for the training target only."""
    SONG = "song"
    """One draw for each song, that is for all stems from the same performance, kit and position."""
    MIXTURE = "mixture"
    """One draw for the mixture, after the stems are summed."""


class Kind(StrEnum):
    """Kind of a parameter's values."""

    REAL = "real"
    INTEGER = "integer"
    CHOICE = "choice"
    TEXT = "text"
    """The name of an impulse response."""
    SEED = "seed"
    """A random seed for the effect; always drawn."""
    KIT = "kit"
    """A kit of the pool; always drawn."""
    PERFORMANCE = "performance"
    """A performance of the pool; always drawn."""
    START = "start"
    """Start of the segment in the drawn performance, in seconds; always drawn."""
    FASTEST = "fastest"
    """The greatest speed among the example's songs, at least 1; always computed from the draws."""
    TEMPO = "tempo"
    """The performance's tempo in beats per minute; always taken from the pool."""


DRAWN: Final = frozenset({Kind.SEED, Kind.KIT, Kind.PERFORMANCE, Kind.START, Kind.FASTEST, Kind.TEMPO})
"""Kinds that chains cannot state; they are determined when rows are drawn."""

SEEDS: Final = 1 << 31
"""Drawn seeds are below this, so that they fit any integer tensor."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter of an effect."""

    name: str
    description: str
    unit: str = ""
    low: float = 0.0
    """Smallest value allowed (:data:`Kind.REAL`, :data:`Kind.INTEGER`)."""
    high: float = 0.0
    default: Value | None = None
    """None if the step must give the parameter."""
    kind: Kind = Kind.REAL
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """Declaration of one effect."""

    name: str
    domain: Domain
    description: str
    parameters: tuple[Parameter, ...]
    scopes: tuple[Scope, ...]
    changes_time: bool = False
    """Whether the effect moves onsets or changes the length."""
    source: str = ""
    """Reference for the effect or its definition."""

    def parameter(self, name: str) -> Parameter:
        """Return a parameter by name.

        :raises KeyError: if the effect has none of that name.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)


SEED: Final = Parameter("seed", "random seed of the effect", kind=Kind.SEED)
IMPULSE_RESPONSE: Final = Parameter("impulse_response", "name of an impulse response of your own", kind=Kind.TEXT)
EXAMPLE: Final = (Scope.EXAMPLE,)
STEMS: Final = (Scope.EXAMPLE, Scope.STEM, Scope.TARGET)
ANYWHERE: Final = (*STEMS, Scope.MIXTURE)
MIXTURE: Final = (Scope.MIXTURE,)
SONG: Final = (Scope.SONG,)
AUDIOMENTATIONS: Final = "audiomentations"
PEDALBOARD: Final = "pedalboard"


def rate(description: str) -> Parameter:
    """Return the declaration of a speed."""
    return Parameter("rate", f"{description}: 1.1 is 10 % faster; lengths are divided by the rate", "", 0.25, 4.0)
