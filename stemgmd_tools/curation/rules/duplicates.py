"""Clips of one split that are nearly the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from stemgmd_tools.curation.base import CorpusRule, Outcome, Severity
from stemgmd_tools.curation.duplicates import LEAST, same_clips, splits_of
from stemgmd_tools.curation.measures import ClipMeasures


def _compare(clips: Sequence[ClipMeasures]) -> Mapping[str, Outcome]:
    splits = splits_of(clips)
    return {
        name: Outcome(value, LEAST, other, f"is the same as {other}; one of them is enough")
        for name, (other, value) in same_clips(clips).items()
        if splits[name] == splits[other]
    }


RULE: Final = CorpusRule(
    "duplicates",
    "two performances of one split with the same hits, or mixtures whose rises of level correlate by 0.97 or more",
    Severity.WARNING,
    "correlation",
    _compare,
)
