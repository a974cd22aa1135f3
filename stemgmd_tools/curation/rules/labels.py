"""Stems that do not sound at their hits, or sound at those of another stem."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import ClipRule, Outcome, Preset, Severity
from stemgmd_tools.curation.measures import ClipMeasures

LEAST_OWN: Final = 0.5
"""Share of the detected onsets of a stem that have to lie at its own hits: 0.88 and more in the starter set."""
MOST_OTHER: Final = 0.3
"""Share of the hits of another stem, apart from its own, at which it may have onsets: up to one of four there."""


def _judge(clip: ClipMeasures, preset: Preset) -> Outcome | None:  # noqa: ARG001
    if not clip.own_onsets:
        return None
    for name, (other, share) in clip.other_onsets.items():
        if share > MOST_OTHER:
            return Outcome(
                share, MOST_OTHER, name, f"sounds at {share:.0%} of the hits of {other}; perhaps it holds {other}"
            )
    where = min(clip.own_onsets, key=lambda name: clip.own_onsets[name])
    share = clip.own_onsets[where]
    text = f"has {1 - share:.0%} of its onsets where it is not hit" if share < LEAST_OWN else ""
    return Outcome(share, LEAST_OWN, where, text)


RULE: Final = ClipRule(
    "labels",
    "a stem with onsets at more than 30 % of the hits of another stem (those within 0.1 s of its own are not counted), "
    "or with more than half of its onsets where it is not hit",
    Severity.ERROR,
    "share",
    _judge,
)
