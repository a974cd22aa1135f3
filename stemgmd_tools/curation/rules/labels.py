"""Stems that do not sound at their hits, or sound at those of another stem."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import ClipRule, Outcome, Preset, Severity
from stemgmd_tools.curation.measures import ClipMeasures

LEAST_OWN: Final = 0.5
"""Share of its own hits at which the power of a stem has to rise; soft strokes in a ringing cymbal do not raise it."""
MOST_OTHER: Final = 0.3
"""Share of the hits of another stem, apart from its own, at which it may rise."""


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
    text = f"has an onset at {share:.0%} of its hits only" if share < LEAST_OWN else ""
    return Outcome(share, LEAST_OWN, where, text)


RULE: Final = ClipRule(
    "labels",
    "a stem whose power rises at more than 30 % of the hits of another stem, or at less than half of its own; hits "
    "within 0.1 s of a hit of the stem are not counted",
    Severity.ERROR,
    "share",
    _judge,
)
