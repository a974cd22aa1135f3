"""Clipped stems and mixtures."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import ClipRule, Outcome, Preset, Severity, worst
from stemgmd_tools.curation.measures import ClipMeasures

MOST_RUNS: Final = 2
"""A sound that is not clipped reaches its peak once or twice, and rarely stays there."""


def _judge(clip: ClipMeasures, preset: Preset) -> Outcome:  # noqa: ARG001
    runs = {name: float(track.flat_tops) for name, track in clip.tracks.items()}
    return worst(runs, MOST_RUNS, lambda _, value: f"is clipped: it stays at its peak {value:.0f} times")


RULE: Final = ClipRule(
    "clipping",
    "a stem or mixture that stays at its peak for 4 frames or more, more than twice",
    Severity.WARNING,
    "runs",
    _judge,
)
