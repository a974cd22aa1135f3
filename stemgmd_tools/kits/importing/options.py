"""What the user decides about an import, and how it is written on the command line."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from stemgmd_tools.errors import UsageError
from stemgmd_tools.kits.sample_map.schema import OFF_DB

_LOUDEST_DB: Final = 60.0


@dataclass(frozen=True, slots=True)
class ImportOptions:
    """What the user decides about an import."""

    overrides: Mapping[str, str]
    """Note or name -> articulation."""
    format_options: Mapping[str, str] = field(default_factory=dict)
    """Options of the library's format."""
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Descriptive keys of the map, such as ``license`` and ``attribution``, that replace what the library says."""
    microphones_db: Mapping[str, float] | None = None
    """Microphone -> gain; :data:`OFF_DB` silences it. Microphones that are not named keep the library's gain."""
    velocity_curve: Literal["smooth", "recorded"] = "smooth"
    """See :class:`stemgmd_tools.kits.sample_map.schema.KitMap`."""
    copy: bool = False
    """Whether to copy the samples instead of linking to their folder."""
    replace: bool = False
    """Whether to replace an imported kit of the same name."""


def parse_options(entries: Iterable[str]) -> dict[str, str]:
    """Return the options of ``--option NAME=VALUE``.

    :raises UsageError: for an entry of another form.
    """
    pairs = [entry.partition("=") for entry in entries]
    for name, separator, value in pairs:
        if not (name and separator and value):
            raise UsageError(f"--option {name}{separator}{value}: give NAME=VALUE, such as preset=128:8")
    return {name: value for name, _, value in pairs}


def parse_microphones(text: str) -> dict[str, float]:
    """Return the gains of ``--mics NAME=DB,NAME=off``.

    :raises UsageError: for an entry of another form, or a gain outside -144 to 60 dB.
    """
    gains: dict[str, float] = {}
    for entry in filter(None, (part.strip() for part in text.split(","))):
        name, _, value = entry.partition("=")
        try:
            gain_db = OFF_DB if value.strip() == "off" else float(value)
        except ValueError:
            raise UsageError(f"--mics {entry}: give NAME=DB or NAME=off, such as room=-6") from None
        if not OFF_DB <= gain_db <= _LOUDEST_DB:
            raise UsageError(f"--mics {entry}: allowed: {OFF_DB:g} to {_LOUDEST_DB:g} dB, or off")
        gains[name.strip()] = gain_db
    return gains
