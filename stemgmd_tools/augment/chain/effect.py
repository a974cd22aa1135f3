"""Types with which the modules of :mod:`stemgmd_tools.augment.effects` declare effects.

An effect is a function with named parameters and their ranges. The function's first arguments are what it changes; its
keyword-only arguments are the parameters and, if it asks for them by name, facts about the sound
(:attr:`Effect.context`).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib import import_module
from typing import Any, ClassVar, Final, TypeAlias

from stemgmd_tools.errors import AugmentError, UsageError

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

STATED: Final = frozenset({Kind.REAL, Kind.INTEGER, Kind.CHOICE})
"""Kinds whose values a chain states, beside the names of files."""

_TYPES: Final[Mapping[Kind, Callable[[Any], Value]]] = {
    Kind.REAL: float,
    Kind.INTEGER: int,
    Kind.CHOICE: str,
    Kind.TEXT: str,
    Kind.SEED: int,
    Kind.KIT: str,
    Kind.PERFORMANCE: str,
    Kind.START: float,
    Kind.FASTEST: float,
    Kind.TEMPO: float,
}

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
    typical: Value | None = None
    """An everyday value with which the effect is heard, for the tests that hold for every effect; None: the default."""


@dataclass(frozen=True, slots=True)
class Effect:
    """Declaration of one effect; the subclasses say what its function takes and returns.

    :raises AugmentError: if the function's arguments are not the parameters, or a parameter has no typical value.
    """

    domain: ClassVar[Domain]
    context: ClassVar[frozenset[str]] = frozenset()
    """Keyword-only arguments that the function may have beside the parameters."""

    name: str
    description: str
    function: Callable[..., Any]
    parameters: tuple[Parameter, ...]
    scopes: tuple[Scope, ...]
    changes_time: bool = False
    """Whether the effect moves onsets or changes the length."""
    source: str = ""
    """Reference for the effect or its definition."""
    library: str = ""
    """Further module that computes the sound, named as its distribution, whose version is recorded."""
    reshapes_attacks: bool = False
    """Whether it stretches attacks or adds a second one, so that `verify` measures onsets less exactly."""

    def __post_init__(self) -> None:
        """Check the declaration."""
        arguments = _keyword_arguments(self.function)
        names = {parameter.name for parameter in self.parameters}
        missing = set() if _takes_any_keyword(self.function) else names - arguments
        if missing:
            raise AugmentError(f"effect {self.name}: its function lacks the argument {', '.join(sorted(missing))}")
        unknown = arguments - names - self.context
        if unknown:
            raise AugmentError(
                f"effect {self.name}: {', '.join(sorted(unknown))} is no parameter; "
                f"its function may ask for {', '.join(sorted(self.context)) or 'nothing else'}"
            )
        for parameter in self.parameters:
            if parameter.kind in STATED and parameter.default is None and parameter.typical is None:
                raise AugmentError(f"effect {self.name}: {parameter.name} needs a default or a typical value")

    def parameter(self, name: str) -> Parameter:
        """Return a parameter by name.

        :raises KeyError: if the effect has none of that name.
        """
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        raise KeyError(name)

    def has(self, kind: Kind) -> bool:
        """Return whether a parameter is of a kind."""
        return any(parameter.kind is kind for parameter in self.parameters)

    def values(self, parameters: Mapping[str, Value]) -> dict[str, Value]:
        """Return the parameters of a row in the types of their kinds: float, int or str."""
        return {one.name: _TYPES[one.kind](parameters[one.name]) for one in self.parameters}

    def asks_for(self, fact: str) -> bool:
        """Return whether the function asks for a fact of the context."""
        return fact in self.context & _keyword_arguments(self.function)

    def call(self, *changed: Any, values: Mapping[str, Any], **context: Any) -> Any:
        """Return what the function returns for what it changes, its parameters and the context that it asks for."""
        asked = _keyword_arguments(self.function)
        return self.function(*changed, **values, **{name: fact for name, fact in context.items() if name in asked})

    def require_library(self) -> None:
        """Check that the effect's library is installed.

        :raises UsageError: if it is not.
        """
        if self.library:
            try:
                import_module(self.library)
            except ModuleNotFoundError as error:
                raise UsageError(
                    f"{self.name} needs {self.library}, which is not installed; pip install {self.library}"
                ) from error


class PerformanceEffect(Effect):
    """Changes hits, pedal movements and chokes: ``function(performance, *, ...)`` returns a performance.

    Context: ``chosen``, a mask of the hits of the row's stems.
    """

    domain = Domain.PERFORMANCE
    context = frozenset({"chosen"})


class TempoEffect(PerformanceEffect):
    """Divides all times of a performance by its parameter ``rate``."""


@dataclass(frozen=True, slots=True)
class SourceEffect(Effect):
    """Changes where a stem comes from: ``function(layers, *, ...)`` returns the stem's layers.

    Layers are :class:`~stemgmd_tools.augment.symbolic.kit_effects.StemPart`. Context: ``sample_rate``.
    """

    domain = Domain.KIT
    context = frozenset({"sample_rate"})

    replaces: bool = False
    """Whether the stem then is of the performance, kit and position that the parameters name."""
    needs_microphones: bool = False
    """Whether it needs a source with tracks of microphones, whose strokes no other effect changes."""
    shares_songs: bool = False
    """Whether the stems take theirs from a few songs, as many as the parameter ``songs`` says."""


class StrokeEffect(Effect):
    """Changes pitch or decay of single strokes: ``function(shapes, *, ...)`` returns shapes.

    Shapes are :class:`~stemgmd_tools.augment.symbolic.kit_effects.StrokeShapes`. Context: ``plan``, whose strikes they
    belong to.
    """

    domain = Domain.KIT
    context = frozenset({"plan"})


class Law(StrEnum):
    """What an effect on sound does to sums and levels; tests hold it to that."""

    LINEAR = "linear"
    """The effect of a sum is the sum of the effects."""
    FOLLOWS_LEVEL = "follows level"
    """A louder sound gives the same result, louder; what is done depends on the sound."""
    NONLINEAR = "nonlinear"


@dataclass(frozen=True, slots=True)
class AudioEffect(Effect):
    """Changes sounds and keeps their length: ``function(audio, *, ...)`` returns audio.

    Audio is (line, channel, frame) float32 and may be overwritten. A line is a stem of an item, or its mixture. Numbers
    come as tensors (line,) on the CPU, float64 or int64; texts as tuples. Context: ``sample_rate`` and ``onsets``, the
    frames of the strokes of every line, or None.
    """

    domain = Domain.AUDIO
    context = frozenset({"sample_rate", "onsets"})

    law: Law = Law.NONLINEAR
    adds_noise: bool = False
    """Whether it sounds where there was silence. A row for all stems then gives each a seed of its own."""
    shares_steps: bool = False
    """Whether several lines at once cost less than one after the other, on a CPU too."""


class TimeEffect(AudioEffect):
    """Changes the length of sounds: as :class:`AudioEffect`, but the function returns lengths and factors too.

    See :class:`stemgmd_tools.augment.audio.signal.stretch.Timed`.
    """


@dataclass(frozen=True, slots=True)
class FilterEffect(Effect):
    """A linear, time-invariant effect: ``function(*, ...)`` returns its frequency response.

    See :class:`stemgmd_tools.augment.audio.signal.lti.Response`. Several in a row are one pass over the sound.
    Parameters come as numbers or text. Context: ``sample_rate``, ``channels`` and ``impulse_responses``, by name.
    """

    domain = Domain.AUDIO
    context = frozenset({"sample_rate", "channels", "impulse_responses"})


@dataclass(frozen=True, slots=True)
class GainEffect(Effect):
    """Measures a sound: ``function(sound, *, ...)`` returns the gain for it in dB.

    That is a number, or a tensor (step,) with one for every control step of
    :mod:`stemgmd_tools.augment.audio.signal.envelope`.
    The sound is one line (channel, frame); for scope ``example`` it is the sum of the stems, which all get the gain.
    Parameters come as numbers or text. Context: ``sample_rate``.
    """

    domain = Domain.AUDIO
    context = frozenset({"sample_rate"})


@dataclass(frozen=True, slots=True)
class MixtureEffect(Effect):
    """Changes a mixture: ``function(mixture, *, ...)`` returns a mixture of the same shape.

    The mixture is (channel, frame) float32 and may be overwritten. Parameters come as numbers or text. Context:
    ``sample_rate``, ``impulse_responses``, ``names`` of the stems, and ``stems``, which returns a part of them for a
    first frame and a last + 1.
    """

    domain = Domain.MIX
    context = frozenset({"sample_rate", "impulse_responses", "names", "stems"})

    adds_noise: bool = False
    """Whether it sounds where there was silence."""


@dataclass(frozen=True, slots=True)
class BoardEffect(MixtureEffect):
    """Changes a mixture with pedalboard: ``function(board, *, ...)`` returns pedalboard's plugins in their order.

    The first argument is the module ``pedalboard``. Context: ``sample_rate`` and ``impulse_responses``.
    """

    context = frozenset({"sample_rate", "impulse_responses"})

    library: str = "pedalboard"
    keeps_level: bool = False
    """Whether the mixture is brought back to its RMS afterwards."""


@cache
def _keyword_arguments(function: Callable[..., Any]) -> frozenset[str]:
    arguments = inspect.signature(function).parameters.values()
    return frozenset(argument.name for argument in arguments if argument.kind is argument.KEYWORD_ONLY)


def _takes_any_keyword(function: Callable[..., Any]) -> bool:
    return any(argument.kind is argument.VAR_KEYWORD for argument in inspect.signature(function).parameters.values())


SEED: Final = Parameter("seed", "random seed of the effect", kind=Kind.SEED)
OTHER_KIT: Final = Parameter("kit", "the replacement kit, of the same split", kind=Kind.KIT)
IMPULSE_RESPONSE: Final = Parameter("impulse_response", "name of an impulse response of your own", kind=Kind.TEXT)
EXAMPLE: Final = (Scope.EXAMPLE,)
STEMS: Final = (Scope.EXAMPLE, Scope.STEM, Scope.TARGET)
ANYWHERE: Final = (*STEMS, Scope.MIXTURE)
MIXTURE: Final = (Scope.MIXTURE,)
SONG: Final = (Scope.SONG,)


def rate(description: str) -> Parameter:
    """Return the declaration of a speed."""
    return Parameter(
        "rate", f"{description}: 1.1 is 10 % faster; lengths are divided by the rate", "", 0.25, 4.0, typical=1.13
    )
