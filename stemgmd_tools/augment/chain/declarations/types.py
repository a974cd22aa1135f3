"""What a table of effects is made of: domains, scopes, parameters, effects."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

Value: TypeAlias = float | int | str
"""A drawn parameter; every one goes through JSON and comes back the same, to the bit."""


class Domain(StrEnum):
    """Where an effect acts, in the order of a chain."""

    PERFORMANCE = "performance"
    """On the hits, before anything sounds."""
    KIT = "kit"
    """On which sounds are played, and on single strokes."""
    AUDIO = "audio"
    """On stems, or on the mixture after the stems were summed."""
    MIX = "mix"
    """On the mixture alone."""


class Scope(StrEnum):
    """What a step draws for."""

    EXAMPLE = "example"
    """One draw; all selected stems alike."""
    STEM = "stem"
    """Every selected stem draws alone."""
    TARGET = "target"
    """As ``stem``, for the training target only."""
    SONG = "song"
    """Every song draws alone; its stems, those heard from one performance, kit and place, get the same."""
    MIXTURE = "mixture"
    """One draw for the mixture, after the stems were summed."""


class Kind(StrEnum):
    """What a parameter's values are."""

    REAL = "real"
    INTEGER = "integer"
    CHOICE = "choice"
    TEXT = "text"
    """A name the caller knows: an impulse response."""
    SEED = "seed"
    """A number that fixes what varies inside the effect; always drawn."""
    KIT = "kit"
    """A kit of the pool; always drawn."""
    PERFORMANCE = "performance"
    """A performance of the pool; always drawn."""
    START = "start"
    """Where a segment of the drawn performance starts, in seconds; always drawn."""
    FASTEST = "fastest"
    """The greatest speed among the example's songs, at least 1; always taken from what they drew."""
    TEMPO = "tempo"
    """The performance's tempo in beats per minute; always taken from the pool."""


DRAWN: Final = frozenset({Kind.SEED, Kind.KIT, Kind.PERFORMANCE, Kind.START, Kind.FASTEST, Kind.TEMPO})
"""Kinds that no chain states: they are decided when the rows are drawn."""

SEEDS: Final = 1 << 31
"""Drawn seeds are 0 .. this less one: they fit any integer tensor."""


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
    """None: the step must give it."""
    kind: Kind = Kind.REAL
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Effect:
    """One effect a step may name."""

    name: str
    domain: Domain
    description: str
    parameters: tuple[Parameter, ...]
    scopes: tuple[Scope, ...]
    changes_time: bool = False
    """Whether onsets move against the performance's time line, or the length changes."""
    source: str = ""
    """Where the effect, or its definition, comes from."""

    def parameter(self, name: str) -> Parameter:
        """Return a parameter by name.

        :raises KeyError: if the effect has none of that name.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)


SEED: Final = Parameter("seed", "fixes what varies inside the effect", kind=Kind.SEED)
IMPULSE_RESPONSE: Final = Parameter("impulse_response", "name of an impulse response the caller gives", kind=Kind.TEXT)
EXAMPLE: Final = (Scope.EXAMPLE,)
STEMS: Final = (Scope.EXAMPLE, Scope.STEM, Scope.TARGET)
ANYWHERE: Final = (*STEMS, Scope.MIXTURE)
MIXTURE: Final = (Scope.MIXTURE,)
SONG: Final = (Scope.SONG,)
AUDIOMENTATIONS: Final = "audiomentations"
PEDALBOARD: Final = "pedalboard"


def rate(description: str) -> Parameter:
    """Return a speed, with one meaning everywhere."""
    return Parameter("rate", f"{description}: 1.1 is 10 % faster, lengths are divided by it", "", 0.25, 4.0)
