"""Channels in opposite phase, and stereo that is mono."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import ClipRule, Outcome, Preset, Severity
from stemgmd_tools.curation.measures import ClipMeasures

LEAST: Final = -0.5
"""Correlation of left and right below which they cancel in mono."""


def _judge(clip: ClipMeasures, preset: Preset) -> Outcome | None:  # noqa: ARG001
    correlations = {name: one.correlation for name, one in clip.tracks.items() if one.correlation is not None}
    if not correlations:
        return None
    where = min(correlations, key=lambda name: correlations[name])
    value = correlations[where]
    if value < LEAST:
        return Outcome(
            value, LEAST, where, f"left and right are in opposite phase (correlation {value:.2f}); invert one"
        )
    if all(clip.tracks[name].is_identical for name in correlations):
        return Outcome(
            value, 1.0, "all", "left and right of every track are identical; one channel holds as much", Severity.ADVICE
        )
    return Outcome(value, LEAST, where)


RULE: Final = ClipRule(
    "channels",
    "left and right in opposite phase: correlation below -0.5; advice if they are identical in all tracks of a clip",
    Severity.WARNING,
    "correlation",
    _judge,
)
