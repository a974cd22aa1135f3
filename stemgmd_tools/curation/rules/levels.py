"""Stems much louder or softer than those of the same name in the corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from stemgmd_tools.curation.base import CorpusRule, Outcome, Severity, worst
from stemgmd_tools.curation.measures import SILENCE_DB, ClipMeasures

FEWEST: Final = 8
"""Clips with a stem, through one kit, from which on its levels are compared."""
LEAST_DB: Final = 15.0
"""Smallest deviation that is reported."""
SPREADS: Final = 6.0
"""Deviation in median absolute deviations that is reported."""


def _compare(clips: Sequence[ClipMeasures]) -> Mapping[str, Outcome]:
    levels: dict[tuple[str | None, str], dict[str, float]] = {}
    for clip in clips:
        for name, track in clip.tracks.items():
            if track.level_db > SILENCE_DB:
                levels.setdefault((clip.kit, name), {})[clip.name] = max(track.windows_db)
    excess: dict[str, dict[str, float]] = {}
    for (_, stem), by_clip in levels.items():
        if len(by_clip) < FEWEST:
            continue
        values = np.array(list(by_clip.values()))
        middle = float(np.median(values))
        limit = max(LEAST_DB, SPREADS * float(np.median(np.abs(values - middle))))
        for clip_name, level in by_clip.items():
            excess.setdefault(clip_name, {})[stem] = abs(level - middle) - limit
    return {
        name: worst(places, 0.0, lambda _, value: f"its level lies {value:.0f} dB outside the range of the other clips")
        for name, places in excess.items()
    }


RULE: Final = CorpusRule(
    "levels",
    "the loudest second of a stem deviates from the median of its kit by more than 15 dB and 6 median absolute "
    "deviations, among 8 clips or more",
    Severity.WARNING,
    "dB beyond",
    _compare,
)
