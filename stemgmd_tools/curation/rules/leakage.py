"""Clips of two splits that are nearly the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from stemgmd_tools.curation.base import CorpusRule, Outcome, Severity
from stemgmd_tools.curation.duplicates import LEAST, same_clips, splits_of
from stemgmd_tools.curation.measures import ClipMeasures


def _compare(clips: Sequence[ClipMeasures]) -> Mapping[str, Outcome]:
    splits = splits_of(clips)
    return {
        name: Outcome(value, LEAST, other, f"is the same as {other}, which is in split {splits[other] or 'none'}")
        for name, (other, value) in same_clips(clips).items()
        if splits[name] != splits[other]
    }


RULE: Final = CorpusRule(
    "leakage",
    "the same, where the two are in different splits",
    Severity.ERROR,
    "correlation",
    _compare,
)
