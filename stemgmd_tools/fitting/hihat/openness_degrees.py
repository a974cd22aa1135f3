"""Add degrees of openness to fitted hi-hats, of which only one or two were recorded."""

from __future__ import annotations

from typing import Final

import numpy as np

from stemgmd_tools.kits.synthesis.parameters import Openness, VoiceModel
from stemgmd_tools.kits.voices.arithmetic import t30_s

OPEN_DEGREES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
SHUT_DEGREES: Final = (0.0, 0.12)
"""Closed tightly and loosely."""
SHUT_SHARE: Final = 0.05
"""Decay time of a closed hi-hat relative to the wide open one, if no closed one is known: median of 7 recorded kits,
which range from 0.03 to 0.26."""
_LOOSE: Final = (1.25, 1.4)
"""Limits of the factor on the decay of a loosely closed hi-hat: audible, but not like a half-open one."""
_LEAST_STEP: Final = 1.3
"""Least factor on the decay from degree to degree, also from the closed hi-hat to the first: two strokes of one degree
differ by a tenth, and short sounds are cut earlier than long ones."""
_NEAR_ENOUGH: Final = 0.02
_STRETCHES: Final = np.geomspace(0.005, 3.0, 128)


def opened(voice: VoiceModel, shut: VoiceModel | None) -> VoiceModel:
    """Return an open hi-hat with :data:`OPEN_DEGREES`.

    The logarithm of the decay time is interpolated linearly over openness, between the closed hi-hat and the recorded
    degrees: at openness 0.4, five recorded kits are at 0.38 to 0.93 of the way from open to closed, median 0.54.
    """
    openness = voice.openness or Openness(degrees=(1.0,), stretch=(1.0,))
    voice = voice.model_copy(update={"openness": openness})
    wanted_s = _rings_s(voice, openness, t30_s(voice) * SHUT_SHARE if shut is None else t30_s(shut, degree=0))
    stretch = [_stretch(voice, degree, ring_s) for degree, ring_s in zip(OPEN_DEGREES, wanted_s, strict=True)]
    rows = openness.level_db
    level_db = None if rows is None else tuple(_read(openness.degrees, row) for row in rows)
    degrees = {"degrees": OPEN_DEGREES, "stretch": tuple(stretch), "level_db": level_db}
    return voice.model_copy(update={"openness": openness.model_copy(update=degrees)})


def _rings_s(voice: VoiceModel, openness: Openness, shut_s: float) -> list[float]:
    """Return the decay time of a hi-hat at each degree."""
    known = [(degree, t30_s(voice, degree=index)) for index, degree in enumerate(openness.degrees) if degree > 0.0]
    degrees, rings_s = zip((0.0, shut_s), *known, strict=True)
    wanted_s = np.exp(np.interp(OPEN_DEGREES, degrees, np.log(rings_s)))
    least_s = shut_s
    for index, ring_s in enumerate(wanted_s):
        least_s = wanted_s[index] = max(float(ring_s), least_s * _LEAST_STEP)
    return wanted_s.tolist()  # type: ignore[no-any-return]


def _stretch(voice: VoiceModel, degree: float, ring_s: float) -> float:
    """Return the stretch of time that gives the decay time ``ring_s``; the interpolated one if it is close enough."""
    openness = voice.openness or Openness(degrees=(1.0,), stretch=(1.0,))
    rows = openness.level_db
    level_db = rows and tuple((round(float(np.interp(degree, openness.degrees, row)), 1),) for row in rows)
    guess = float(np.exp(np.interp(degree, openness.degrees, np.log(openness.stretch))))
    best: list[tuple[float, float]] = []
    for stretch in (guess, *_STRETCHES.tolist()):
        trial = openness.model_copy(update={"degrees": (degree,), "stretch": (stretch,), "level_db": level_db})
        decay_s = t30_s(voice.model_copy(update={"openness": trial}))
        best.append((abs(float(np.log(decay_s / ring_s))), stretch))
        if best[0][0] < _NEAR_ENOUGH:
            break
    return round(min(best)[1], 3)


def _read(degrees: tuple[float, ...], row: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(np.interp(OPEN_DEGREES, degrees, row).round(1).tolist())


def shut(voice: VoiceModel, wide: VoiceModel | None) -> VoiceModel:
    """Return a closed hi-hat with :data:`SHUT_DEGREES`; the loose degree continues towards the open hi-hat."""
    share = SHUT_SHARE if wide is None else min(1.0, t30_s(voice) / t30_s(wide))
    loose = float(np.clip(share ** -SHUT_DEGREES[1], *_LOOSE))
    openness = Openness(degrees=SHUT_DEGREES, stretch=(1.0, round(loose, 3)))
    return voice.model_copy(update={"openness": openness})
