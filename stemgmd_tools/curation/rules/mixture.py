"""Mixtures that are not the sum of their stems."""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import ClipRule, Outcome, Preset, Severity
from stemgmd_tools.curation.measures import ClipMeasures

MOST_DB: Final = -40.0
"""Rounding and lossy coding stay below this."""


def _judge(clip: ClipMeasures, preset: Preset) -> Outcome | None:  # noqa: ARG001
    value = clip.residual_db
    if value is None:
        return None
    text = f"differs from the sum of the stems by {value:.0f} dB re its level" if value > MOST_DB else ""
    return Outcome(value, MOST_DB, "mixture", text)


RULE: Final = ClipRule(
    "mixture",
    "a mixture that differs from the sum of its stems by more than -40 dB re its level",
    Severity.ERROR,
    "dB",
    _judge,
)
