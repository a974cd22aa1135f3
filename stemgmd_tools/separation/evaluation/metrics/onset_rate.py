"""Onsets per minute, all of which are false on an absent stem."""

from __future__ import annotations

import math
from typing import Final

from stemgmd_tools.separation.evaluation.metric import Metric, Presence, StemFacts
from stemgmd_tools.separation.evaluation.onsets import OnsetMeter


def _per_minute(onsets: OnsetMeter, stem: StemFacts) -> float:
    return 60.0 * len(onsets.times_s()) / stem.duration_s if stem.duration_s else math.nan


METRIC: Final = Metric(
    name="onsets_per_min",
    title="onsets",
    unit="1/min",
    definition="onsets detected in the estimate, per minute",
    source="detector: Böck and Widmer 2013 (SuperFlux)",
    higher_is_better=False,
    meter=OnsetMeter,
    value=_per_minute,
    absent="all of them are false",
    reported=Presence.ABSENT,
    of_mixture=False,
)
