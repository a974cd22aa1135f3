"""Decide which articulations of a fitted kit are good enough to be lent: the quality gate of donors.

Recordings are judged by the measures of ``kits check`` (clipping, noise, phase, length), voices by their
distance to the recordings and by their pitch. What fails is left out, with the reason.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.fitting.evaluation.fit_metrics import Judgement, play
from stemgmd_tools.fitting.evaluation.recorded_pitch import recorded_pitch_hz
from stemgmd_tools.fitting.evaluation.report import floor_family, natural_floors
from stemgmd_tools.fitting.recordings.recordings import ONSET_FRAMES, Strokes
from stemgmd_tools.kits.checks.measures import MeasuredKit, TakeMeasures
from stemgmd_tools.kits.checks.rules.balance import RING_S
from stemgmd_tools.kits.checks.rules.recordings import INVERTED, NOISE_DB, STEADY_DB
from stemgmd_tools.kits.synthesis.parameters import VoiceModel
from stemgmd_tools.numerics.elementary import log2

MOST_FLOORS: Final = 1.6
"""Largest distance (mel) of a voice to its recordings, over the natural floor."""
NEAR_DB: Final = 3.5
"""A voice as near as this passes, however alike the repeats are."""
FAR_DB: Final = 4.5
"""Largest distance (mel) where nothing was played twice; that of two strokes of one drum is 2 to 4 dB."""
MOST_ATTACK_DB: Final = 5.0
"""Largest distance (mel) of the first 46 ms."""
MOST_LEVEL_DB: Final = 3.0
"""Largest median difference of level."""
CUT_DB: Final = -25.0
"""A recording whose quietest moment is above this, re its peak, was cut before it had decayed."""
UNDECAYED: Final = 0.95
"""A recording that rings for this share of its length was cut: its end is an editor's."""
PITCHES_HZ: Final = {
    "kick": (35.0, 140.0),
    "snare": (100.0, 450.0),
    "hi_tom": (50.0, 300.0),
    "mid_tom": (50.0, 300.0),
    "low_tom": (50.0, 300.0),
}
"""Pitches of recorded drums, widened; noise of the stand or room rings below."""
MOST_SEMITONES: Final = 7.0
"""Largest difference between the pitch of a voice and that of its recordings; an octave has 12."""
LEAST_OPENING: Final = 1.5
"""An open hi-hat rings at least so many times as long as the shut one."""
SHORTEST_S: Final = {
    "kick": 0.2,
    "snare_head": 0.2,
    "snare_rimshot": 0.15,
    "snare_cross_stick": 0.05,
    "hi_tom": 0.3,
    "mid_tom": 0.3,
    "low_tom": 0.3,
    "hihat_closed": 0.1,
    "hihat_pedal": 0.08,
    "hihat_open": 0.4,
    "ride_bell": 1.0,
    "ride": 1.5,
    "crash": 1.0,
}
"""Beginning of an articulation's name -> least length of its longest recording."""


_PLAYED: Final = 4
"""Strokes of a voice whose mean spectrum has its pitch."""


class Verdict(NamedTuple):
    """What was measured on one articulation, and whether it is used."""

    articulation: str
    takes: int
    length_s: float
    """Of the longest recording, from its attack."""
    ring_s: float
    """Median time until the recordings stay 30 dB below their start."""
    centroid_hz: float
    """Of the loudest recording, first 100 ms."""
    pitch_hz: float
    """Of a stroke of the model, as loud as the loudest recordings; NaN without one."""
    distance_db: float
    """Median mel distance of the voice to its recordings."""
    floor_db: float
    """Median mel distance between two recordings of one layer; NaN if nothing was played twice."""
    reason: str
    """Why it is left out; empty if it is used."""


class _Evidence(NamedTuple):
    """What the rules look at."""

    name: str
    takes: Sequence[TakeMeasures]
    judgement: Judgement
    strokes: Sequence[Strokes]
    floor_db: float
    pitch_hz: float
    """As in :class:`Verdict`."""

    def median(self, measure: str) -> float:
        return float(np.median([getattr(one, measure) for one in self.judgement.model]))


def verdicts(
    measured: MeasuredKit,
    voices: Mapping[str, VoiceModel],
    judgements: Mapping[str, Judgement],
    strokes: Mapping[str, Sequence[Strokes]],
) -> tuple[Verdict, ...]:
    """Return the verdict on every recorded articulation of a kit.

    :param measured: the measures of ``kits check``.
    :param voices: the fitted voices; ``judgements`` and ``strokes`` are theirs.
    """
    floors = natural_floors(judgements)
    rows = []
    for name, judgement in judgements.items():
        floor = floors.get(floor_family(name))
        takes = [take for take in measured.takes if take.articulation == name]
        floor_db = math.nan if floor is None else floor["mel_db"]
        rings_hz = _pitch_hz(voices[name], strokes[name][-1], name)
        rows.append(_verdict(_Evidence(name, takes, judgement, strokes[name], floor_db, rings_hz)))
    return tuple(_in_order(_opening(rows)))


def _pitch_hz(voice: VoiceModel, loudest: Strokes, name: str) -> float:
    """Return the pitch of a stroke of a voice, measured like that of recordings."""
    played = play(voice, loudest, name, _PLAYED)
    return recorded_pitch_hz([np.concatenate([np.zeros((ONSET_FRAMES, 2)), sound]) for sound in played]) or math.nan


def _verdict(one: _Evidence) -> Verdict:
    loudest = max(one.takes, key=lambda take: take.level_db)
    reasons = (reason for rule in _RULES for reason in rule(one))
    return Verdict(
        articulation=one.name,
        takes=len(one.takes),
        length_s=max(take.seconds - take.onset_s for take in one.takes),
        ring_s=float(np.median([take.ring_s for take in one.takes])),
        centroid_hz=loudest.centroid_hz,
        pitch_hz=one.pitch_hz,
        distance_db=one.median("mel_db"),
        floor_db=one.floor_db,
        reason=next(reasons, ""),
    )


def _of_recordings(one: _Evidence) -> Iterator[str]:
    count = len(one.takes)
    if all(take.clipped for take in one.takes):
        yield "every recording is clipped"
    if 2 * sum(take.floor_db > NOISE_DB and abs(take.fall_db) < STEADY_DB for take in one.takes) > count:
        yield f"noise above {NOISE_DB:g} dB in most recordings"
    if 2 * sum(take.correlation < INVERTED for take in one.takes) > count:
        yield "channels in opposite phase in most recordings"


def _length(one: _Evidence) -> Iterator[str]:
    longest = max(take.seconds - take.onset_s for take in one.takes)
    shortest = next(least for beginning, least in SHORTEST_S.items() if one.name.startswith(beginning))
    if longest < shortest:
        yield f"too short: {longest:.2f} s, at least {shortest:g} s are needed"
    floor_db = min(take.floor_db for take in one.takes)
    if floor_db > CUT_DB:
        yield f"cut {-floor_db:.0f} dB below its peak, before it has decayed by {-CUT_DB:g} dB"
    if all(take.ring_s > UNDECAYED * (take.seconds - take.onset_s) for take in one.takes):
        yield "cut while it still rings: it does not fall by 30 dB before its end"
    ring_s = float(np.median([take.ring_s for take in one.takes]))
    if one.name.startswith("hihat_closed") and ring_s > RING_S:
        yield f"rings for {ring_s:.2f} s, so it is not shut"


def _distance(one: _Evidence) -> Iterator[str]:
    distance_db = one.median("mel_db")
    limit_db = FAR_DB if math.isnan(one.floor_db) else max(MOST_FLOORS * one.floor_db, NEAR_DB)
    if distance_db > limit_db:
        yield f"the model is {distance_db:.1f} dB from its recordings; at most {limit_db:.1f} dB are allowed"
    if one.median("attack_db") > MOST_ATTACK_DB:
        yield f"the attack is {one.median('attack_db'):.1f} dB from its recordings; at most {MOST_ATTACK_DB:g} dB"
    level_db = float(np.median(one.judgement.level_db))
    if abs(level_db) > MOST_LEVEL_DB:
        yield f"the model's level is off by {level_db:+.1f} dB"


def _pitch(one: _Evidence) -> Iterator[str]:
    name = one.name.removesuffix("_head")
    if name not in PITCHES_HZ:
        return
    low, high = PITCHES_HZ[name]
    rings_hz = one.pitch_hz
    if not low <= rings_hz <= high:
        yield f"rings at {rings_hz:.0f} Hz; {low:g} to {high:g} Hz are plausible"
        return
    recorded = recorded_pitch_hz(one.strokes[-1].repeats)
    if recorded and abs(12.0 * log2(rings_hz / recorded)) > MOST_SEMITONES:
        yield f"the model rings at {rings_hz:.0f} Hz, its recordings at {recorded:.0f} Hz"


_RULES: Final[tuple[Callable[[_Evidence], Iterator[str]], ...]] = (_length, _of_recordings, _pitch, _distance)


def _opening(rows: Sequence[Verdict]) -> list[Verdict]:
    """Leave out an open hi-hat that does not ring longer than the shut one."""
    shut = next((row for row in rows if row.articulation == "hihat_closed_bow"), None)
    if shut is None:
        return list(rows)
    reason = f"rings less than {LEAST_OPENING:g} times as long as the shut hat"
    return [
        row._replace(reason=row.reason or reason)
        if row.articulation.startswith("hihat_open") and row.ring_s < LEAST_OPENING * shut.ring_s
        else row
        for row in rows
    ]


def _in_order(rows: Sequence[Verdict]) -> Iterator[Verdict]:
    """Yield all verdicts; a tom that is not lower than the one before is left out."""
    lowest_hz = math.inf
    for row in rows:
        if row.articulation in ("hi_tom_head", "mid_tom_head", "low_tom_head") and not row.reason:
            if row.pitch_hz >= lowest_hz:
                yield row._replace(reason=f"at {row.pitch_hz:.0f} Hz, not below the tom before it")
                continue
            lowest_hz = row.pitch_hz
        yield row
