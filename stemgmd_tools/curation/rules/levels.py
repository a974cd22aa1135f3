"""Stems much louder or softer than those of the same name in the corpus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np

from stemgmd_tools.curation.base import CorpusRule, Outcome, Severity
from stemgmd_tools.curation.measures import SILENCE_DB, ClipMeasures

FEWEST: Final = 8
"""Clips with a stem, through one kit, from which on its levels are compared."""
LEAST_DB: Final = 15.0
"""Smallest deviation that is reported."""
PLAYED_DB: Final = 30.0
"""A stem this far below the others may be played softly: up to 20 dB in the starter set."""
FEWEST_HITS: Final = 8
"""Fewer hits may all be ghost notes, further below."""
SPREADS: Final = 6.0
"""Deviation in median absolute deviations that is reported."""


def _compare(clips: Sequence[ClipMeasures]) -> Mapping[str, Outcome]:
    levels: dict[tuple[str | None, str], dict[str, float]] = {}
    for clip in clips:
        for name, track in clip.tracks.items():
            if track.level_db > SILENCE_DB:
                levels.setdefault((clip.kit, name), {})[clip.name] = max(track.windows_db)
    hits = {clip.name: clip.hits for clip in clips}
    outcomes: dict[str, Outcome] = {}
    for (_, stem), by_clip in levels.items():
        if len(by_clip) < FEWEST:
            continue
        values = np.array(list(by_clip.values()))
        middle = float(np.median(values))
        limit = max(LEAST_DB, SPREADS * float(np.median(np.abs(values - middle))))
        for clip_name, level in by_clip.items():
            of_clip = hits[clip_name]
            few = of_clip is not None and len(of_clip.get(stem, ())) < FEWEST_HITS
            outcome = _outcome(stem, level - middle, limit, few=few)
            if clip_name not in outcomes or _rank(outcome) > _rank(outcomes[clip_name]):
                outcomes[clip_name] = outcome
    return outcomes


def _outcome(stem: str, deviation_db: float, limit_db: float, *, few: bool) -> Outcome:
    """Return the outcome of a stem.

    :param few: whether it is known to have few hits.
    """
    if abs(deviation_db) <= limit_db:
        return Outcome(deviation_db, limit_db, stem)
    where = "above" if deviation_db > 0 else "below"
    text = f"its loudest second is {abs(deviation_db):.0f} dB {where} the median of the other clips of the kit"
    played = deviation_db < 0 and (few or deviation_db >= -PLAYED_DB)
    return Outcome(deviation_db, limit_db, stem, text, Severity.ADVICE if played else None)


def _rank(outcome: Outcome) -> tuple[int, float]:
    """Return how much an outcome matters: warnings, then advice, then the rest, by deviation."""
    kind = 0 if not outcome.message else 1 if outcome.severity is Severity.ADVICE else 2
    return kind, abs(outcome.value or 0.0)


RULE: Final = CorpusRule(
    "levels",
    "the loudest second of a stem deviates from the median of its kit by more than 15 dB and 6 median absolute "
    "deviations, among 8 clips or more; advice if it is up to 30 dB below, or has less than 8 hits, since it may be "
    "played softly",
    Severity.WARNING,
    "dB",
    _compare,
)
