"""What rules of curation declare, and what they return."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from stemgmd_tools.corpus.folder.layout import MIXTURE
from stemgmd_tools.curation.measures import ClipMeasures


class Severity(StrEnum):
    """How much a violated rule matters, the worst first; ``ok`` if it is not violated."""

    ERROR = "error"
    """The clip does not hold what it says; it is left out of the list to keep."""
    WARNING = "warning"
    """Something is audibly wrong; the clip is left out of the list to keep."""
    ADVICE = "advice"
    """Something could be better; the clip stays in the list."""
    OK = "ok"


DROPPED: Final = (Severity.ERROR, Severity.WARNING)
"""Severities that leave a clip out of the list to keep."""


class Preset(StrEnum):
    """Which activity the stems of a clip need."""

    DRUMS = "drums"
    """Floors per stem, from hits where there are any."""
    HTDEMUCS = "htdemucs"
    """As published for HT Demucs."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of one rule for one clip."""

    value: float | None
    """The measure at the worst place, in the unit of the rule; None if there is nothing to measure."""
    threshold: float | None
    """The limit that the value is compared with."""
    where: str = ""
    """Stem or other place of the value."""
    message: str = ""
    """What is wrong, on one line; empty if the rule is not violated."""
    severity: Severity | None = None
    """Severity of this violation, if it differs from that of the rule."""


OK: Final = Outcome(None, None)


@dataclass(frozen=True, slots=True)
class Rule:
    """One kind of fault. The module that declares it assigns a :class:`ClipRule` or :class:`CorpusRule` to ``RULE``."""

    name: str
    description: str
    """What is measured and from which value on it is a fault."""
    severity: Severity
    unit: str


@dataclass(frozen=True, slots=True)
class ClipRule(Rule):
    """A rule that looks at one clip."""

    judge: Callable[[ClipMeasures, Preset], Outcome | None]
    """Returns None if the rule does not apply to the clip."""


@dataclass(frozen=True, slots=True)
class CorpusRule(Rule):
    """A rule that compares the clips of a corpus."""

    compare: Callable[[Sequence[ClipMeasures]], Mapping[str, Outcome]]
    """Returns the outcome of clips by their names; clips that are left out were not compared."""


def worst(outcomes: Mapping[str, float], threshold: float, message: Callable[[str, float], str]) -> Outcome:
    """Return the outcome of the largest value, which must not exceed a threshold.

    :param outcomes: value of each place.
    :param message: returns the text of a violation from place and value.
    """
    if not outcomes:
        return OK
    of_stems = {place: value for place, value in outcomes.items() if place != MIXTURE}
    if of_stems and max(of_stems.values()) > threshold:
        outcomes = of_stems  # what is wrong with a stem is wrong with the mixture too
    where = max(outcomes, key=lambda place: outcomes[place])
    value = outcomes[where]
    return Outcome(value, threshold, where, message(where, value) if value > threshold else "")
