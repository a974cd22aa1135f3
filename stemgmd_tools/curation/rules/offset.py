"""Constant (DC) offsets."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import ClipRule, Outcome, Preset, Severity, worst
from stemgmd_tools.curation.measures import ClipMeasures

MOST: Final = 0.001
"""-60 dB re full scale."""


def _judge(clip: ClipMeasures, preset: Preset) -> Outcome:  # noqa: ARG001
    offsets = {name: track.offset for name, track in clip.tracks.items()}
    return worst(offsets, MOST, lambda _, value: f"has a DC offset of {value:.2%} of full scale; subtract its mean")


RULE: Final = ClipRule(
    "offset",
    "a constant (DC) offset above 0.1 % of full scale in the softest second that is not silent",
    Severity.WARNING,
    "full scale",
    _judge,
)
