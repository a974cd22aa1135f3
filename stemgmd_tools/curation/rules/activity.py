"""Stems that are active too seldom: HT Demucs's rule, and floors for drums.

Rouard, Massa, Défossez, *Hybrid Transformers for Music Source Separation*, ICASSP 2023: the volume of each segment of
one second is 10 log10 of the mean of x^2; it is silent below -40 dB; a song is kept if every stem is active in at least
30 % of the segments.
"""

from __future__ import annotations

from typing import Final

from stemgmd_tools.curation.base import ClipRule, Outcome, Preset, Severity
from stemgmd_tools.curation.measures import WINDOW_S, ClipMeasures

PUBLISHED_DB: Final = -40.0
PUBLISHED_SHARE: Final = 0.3
DRUMS_DB: Final = -70.0
"""Level above which a second of a drum stem is active: single soft strokes are far below -40 dB."""
OF_HITS: Final = 0.5
"""A stem has to be active in this share of the seconds in which it is hit."""
FEWEST_STRUCK: Final = 3
"""Seconds with hits from which on a stem is judged: a single soft stroke may lie below."""
FLOORS: Final = {"kick": 0.05, "snare": 0.05}
"""Share of seconds in which stems have to be active if hits are not known; others may be absent."""


def _judge(clip: ClipMeasures, preset: Preset) -> Outcome | None:
    published = preset is Preset.HTDEMUCS
    limit_db = PUBLISHED_DB if published else DRUMS_DB
    shares: dict[str, tuple[float, float]] = {}
    for name, stem in clip.stems.items():
        windows = [level > limit_db for level in stem.windows_db]
        if published:
            shares[name] = sum(windows) / len(windows), PUBLISHED_SHARE
        elif clip.hits is None:
            shares[name] = sum(windows) / len(windows), FLOORS.get(name, 0.0)
        else:
            struck = {int(time / WINDOW_S) for time in clip.hits.get(name, ())} & set(range(len(windows)))
            if len(struck) >= FEWEST_STRUCK:
                shares[name] = sum(windows[index] for index in struck) / len(struck), OF_HITS
    if not shares:
        return None
    where = min(shares, key=lambda name: shares[name][0] - shares[name][1])
    share, floor = shares[where]
    of = "of the seconds in which it is hit" if not published and clip.hits is not None else "of all seconds"
    text = f"is above {limit_db:.0f} dB in {share:.0%} {of}; at least {floor:.0%} are needed" if share < floor else ""
    return Outcome(share, floor, where, text)


RULE: Final = ClipRule(
    "activity",
    "`htdemucs`: a stem above -40 dB in less than 30 % of all seconds, as published. "
    "`drums`: a stem above -70 dB in less "
    "than half of the seconds in which it is hit, if these are 3 or more; "
    "without known hits, kick or snare in less than 5 % of all seconds",
    Severity.WARNING,
    "share",
    _judge,
)
