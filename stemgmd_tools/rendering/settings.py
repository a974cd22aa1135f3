"""Settings that determine a rendered corpus, apart from its performances and kits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

from stemgmd_tools.errors import UsageError
from stemgmd_tools.units import HIGHEST_RATE, LOWEST_RATE

Container: TypeAlias = Literal["flac", "wav"]
SampleFormat: TypeAlias = Literal["int16", "int24", "float32"]
Layout: TypeAlias = Literal["native", "stemgmd"]
Mapping: TypeAlias = Literal["td11", "gm", "stemgmd"]
Tail: TypeAlias = Literal["natural", "cut"]

DEFAULT_FLAC_LEVEL: Final = 3
"""Encodes drum stems 1.3 times as fast as level 5 and needs 2 % more bytes."""

LARGEST_SEED: Final = 2**63 - 1
"""The largest integer a manifest holds."""


@dataclass(frozen=True, slots=True)
class RenderSettings:
    """Settings of one corpus; the same settings, performances and kits give the same bytes.

    :raises UsageError: for a value that is not allowed or a combination that no file format holds.
    """

    seed: int = 0
    sample_rate: int = 44_100
    container: Container = "flac"
    sample_format: SampleFormat = "int16"
    """float32 (WAV only) holds the 24-bit grid, so sums stay exact there too."""
    layout: Layout = "native"
    mapping: Mapping = "td11"
    """``stemgmd`` collapses all articulations of a piece to one sound, as the original did."""
    tail: Tail = "natural"
    """``natural`` lets the last sounds ring out, ``cut`` stops at the performance's nominal duration."""
    groups: bool = False
    """Also write the five LarsNet group stems."""
    flac_level: int = DEFAULT_FLAC_LEVEL
    microphones: bool = False
    """Also write what each microphone of a recorded kit hears, as a whole and of each piece."""

    def __post_init__(self) -> None:
        """Check every value."""
        for name, kind in (
            ("container", Container),
            ("sample_format", SampleFormat),
            ("layout", Layout),
            ("mapping", Mapping),
            ("tail", Tail),
        ):
            if getattr(self, name) not in get_args(kind):
                raise UsageError(f"{name} is {getattr(self, name)!r}; allowed: {', '.join(get_args(kind))}")
        if not LOWEST_RATE <= self.sample_rate <= HIGHEST_RATE:
            raise UsageError(f"sample_rate is {self.sample_rate} Hz; allowed: {LOWEST_RATE}..{HIGHEST_RATE}")
        if not 0 <= self.flac_level <= 8:
            raise UsageError(f"flac_level is {self.flac_level}; allowed: 0..8")
        if not 0 <= self.seed <= LARGEST_SEED:
            raise UsageError(f"seed is {self.seed}; allowed: 0..{LARGEST_SEED}")
        if self.container == "flac" and self.sample_format == "float32":
            raise UsageError("FLAC holds integers only; use container wav for float32")
        if self.microphones and self.layout == "stemgmd":
            raise UsageError("the stemgmd layout has no tracks of microphones; use the native one")

    @property
    def bit_depth(self) -> int:
        """Bits of the integer grid the stems lie on: 16, or 24 for int24 and float32."""
        return 16 if self.sample_format == "int16" else 24
