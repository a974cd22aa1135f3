"""What rules are and what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum

from stemgmd_tools.kits.checks.measures import MeasuredKit


class Severity(StrEnum):
    """How much a finding matters, the worst first."""

    ERROR = "error"
    """The kit cannot be used."""
    WARNING = "warning"
    """Something is audibly wrong."""
    ADVICE = "advice"
    """Something could be better."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault of a kit."""

    place: str
    """Articulation, or articulation, layer, take and file."""
    message: str
    """What was measured and what it means or how to mend it, on one line."""
    value: float | None = None
    """The measure, in the unit of the message."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of fault."""

    name: str
    description: str
    """What is measured and from which value on it is reported."""
    severity: Severity
    find: Callable[[MeasuredKit], Iterable[Finding]]
