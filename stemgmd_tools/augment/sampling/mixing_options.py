"""Options of random mixing.

They follow Jeon, Wichern, Germain and Le Roux, "Why does music source separation benefit from cacophony?" (2024):
random mixes help most, a fixed pool of a tenth of them does as well, time shifts help above 0.1 s, and a pitch shift
per stem helps more than one for all stems.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Final, TypeVar

import numpy as np
from pydantic import ConfigDict

from stemgmd_tools.augment.chain.catalogue import find_effect
from stemgmd_tools.errors import UsageError


class MixScope(StrEnum):
    """What the stems of a random mix share."""

    ALIGNED = "aligned"
    """Performance, kit and position: the original mix."""
    KIT_SWAP = "kit_swap"
    """Performance and position; every stem has its own kit."""
    SAME_PERFORMANCE = "same_performance"
    """Performance and kit; every stem has its own position."""
    SAME_BPM = "same_bpm"
    """Tempo (within 3 %) and position within the beat."""
    SAME_KIT = "same_kit"
    """The kit."""
    ANY = "any"
    """Only the split."""


class Pitch(StrEnum):
    """Kind of pitch shift."""

    NONE = "none"
    CONSISTENT = "consistent"
    """One shift for all stems of a mix."""
    INCONSISTENT = "inconsistent"
    """A separate shift for each stem."""


class MixLevel(StrEnum):
    """For what the sources of the stems are drawn."""

    CHUNK = "chunk"
    """For every mix."""
    SONG = "song"
    """Once for each performance and kit, which thereby have one fixed random mix."""


Word = TypeVar("Word", bound=StrEnum)

_LARGEST_TRIES: Final = 1000
_LUFS: Final = find_effect("loudness_normalization").parameter("lufs")
_BOUNDS: Final = (
    ("p_original", 0.0, 1.0),
    ("pool_size", 1, np.inf),
    ("time_shift_s", 0.0, find_effect("time_shift").parameter("shift_s").high),
    ("cents", 0.0, find_effect("pitch_shift").parameter("cents").high),
    ("loudness_lufs", _LUFS.low, _LUFS.high),
    ("min_hits", 0, np.inf),
    ("tries", 1, _LARGEST_TRIES),
)
"""Option, lowest and highest value, as its effect allows."""
_WHOLE: Final = ("pool_size", "min_hits", "tries")


@dataclass(frozen=True, slots=True)
class Stage:
    """A part of a curriculum.

    ``p_original: 0.0`` and ``curriculum: [{from_mix: 40000, p_original: 1.0}]`` are random mixes first, then original
    ones.

    :raises UsageError: for a value that is not allowed.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    from_mix: int
    """Number of its first mix; step ``n`` of a training begins with mix ``n * optimizer.items``."""
    p_original: float
    """Probability of an original mix from there on."""

    def __post_init__(self) -> None:
        """Check every value."""
        if not isinstance(self.from_mix, int) or self.from_mix < 1:
            raise UsageError(f"curriculum: from_mix is {self.from_mix}; it must be a whole number above 0")
        if not 0.0 <= self.p_original <= 1.0:
            raise UsageError(f"curriculum: p_original is {self.p_original}; allowed: 0..1")


@dataclass(frozen=True, slots=True)
class RandomMix:
    """Options of random mixing.

    :raises UsageError: for a value that is not allowed.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", use_attribute_docstrings=True)

    p_original: float = 0.1
    """Probability of an original, unchanged mix."""
    curriculum: tuple[Stage, ...] = ()
    """Later values of ``p_original``, in ascending order."""
    scope: MixScope = MixScope.ANY
    """What the stems of a mix share."""
    level: MixLevel = MixLevel.CHUNK
    """For what sources and shifts of stems are drawn: each mix (``chunk``), or each performance and kit (``song``)."""
    pool_size: int | None = None
    """Number of different mixes: number ``n`` is mix ``n % pool_size``. None: mixes never repeat."""
    time_shift_s: float = 0.0
    """Maximum time shift of each stem, earlier or later, in addition to its scope."""
    pitch: Pitch = Pitch.NONE
    """Pitch shift: none, one for all stems of a mix, or one for each stem."""
    cents: float = 0.0
    """Maximum pitch shift, up or down."""
    gain_db: tuple[float, float] = (0.0, 0.0)
    """Lowest and highest gain of a stem."""
    loudness_lufs: float | None = None
    """Loudness to which every stem is normalised before its gain; None: levels are unchanged."""
    min_hits: int = 0
    """Minimum number of hits of a stem; positions with fewer are drawn again."""
    tries: int = 16
    """Maximum number of positions drawn for a stem; the last one is used in any case."""

    def __post_init__(self) -> None:
        """Check every value."""
        object.__setattr__(self, "scope", _word(MixScope, "scope", self.scope))
        object.__setattr__(self, "pitch", _word(Pitch, "pitch", self.pitch))
        object.__setattr__(self, "level", _word(MixLevel, "level", self.level))
        for name, low, high in _BOUNDS:
            value = getattr(self, name)
            if value is not None and not low <= value <= high:
                raise UsageError(f"{name} is {value}; allowed: {low:g}..{high:g}")
            if name in _WHOLE and value is not None and not isinstance(value, int):
                raise UsageError(f"{name} is {value}; it must be a whole number")
        gain = find_effect("gain").parameter("gain_db")
        if not (gain.low <= self.gain_db[0] and self.gain_db[1] <= gain.high):
            raise UsageError(f"gain_db is {self.gain_db}; allowed: {gain.low:g}..{gain.high:g}")
        if self.gain_db[0] > self.gain_db[1]:
            raise UsageError(f"gain_db is {self.gain_db}; the lower bound comes first")
        if self.level is MixLevel.SONG and (self.min_hits or self.scope is MixScope.SAME_BPM):
            other = "min_hits" if self.min_hits else "scope same_bpm"
            raise UsageError(f"level song cannot be used with {other}; use level chunk")
        first = [stage.from_mix for stage in self.curriculum]
        if sorted(set(first)) != first:
            raise UsageError(f"curriculum: from_mix is {', '.join(map(str, first))}; give ascending numbers")

    def p_original_at(self, number: int) -> float:
        """Return the probability that mix ``number`` is an original one."""
        begun = (stage.p_original for stage in reversed(self.curriculum) if number >= stage.from_mix)
        return next(begun, self.p_original)


def _word(kind: type[Word], name: str, value: str) -> Word:
    """Return a member of an enumeration by its value."""
    try:
        return kind(value)
    except ValueError:
        raise UsageError(f"{name} is {value!r}; allowed: {', '.join(kind)}") from None
