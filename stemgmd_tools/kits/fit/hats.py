"""Degrees of openness of fitted hats: from the one or two that were recorded to a row of them."""

from __future__ import annotations

from typing import Final

import numpy as np

from stemgmd_tools.kits.fit.voices import t30_s
from stemgmd_tools.kits.model.parameters import Openness, VoiceModel

OPEN_DEGREES: Final = (0.2, 0.4, 0.6, 0.8, 1.0)
SHUT_DEGREES: Final = (0.0, 0.12)
"""Shut tightly and loosely."""
SHUT_SHARE: Final = 0.05
"""Length of a shut hat's ring over that of the wide open one, where no shut one is known: median of 7 recorded kits,
which spread from 0.03 to 0.26."""
_LOOSEST: Final = 1.35
"""A shut hat rings at most this much longer when it is loose: it must not pass for a half open one."""
_LEAST_STEP: Final = 1.12
"""From degree to degree the ring grows at least by this factor."""


def opened(voice: VoiceModel, shut: VoiceModel | None) -> VoiceModel:
    """Return an open hat with :data:`OPEN_DEGREES`.

    The logarithm of the ring's length is a straight line over openness, from the shut hat's through what was recorded:
    at openness 0.4 five recorded kits lie at 0.38 to 0.93 of the way from open to shut, median 0.54.
    """
    openness = voice.openness or Openness(degrees=(1.0,), stretch=(1.0,))
    share = SHUT_SHARE if shut is None else t30_s(shut, degree=0) / t30_s(voice)
    widest = openness.stretch[-1]
    known = [0.0, *openness.degrees] if openness.degrees[0] > 0.0 else list(openness.degrees)
    logs = np.log([share * widest, *openness.stretch] if openness.degrees[0] > 0.0 else openness.stretch)
    stretch = np.exp(np.interp(OPEN_DEGREES, known, logs))
    for index in range(len(stretch) - 2, -1, -1):
        stretch[index] = min(stretch[index], stretch[index + 1] / _LEAST_STEP)
    rows = openness.level_db
    level_db = None if rows is None else tuple(_read(openness.degrees, row) for row in rows)
    degrees = {"degrees": OPEN_DEGREES, "stretch": tuple(stretch.round(3).tolist()), "level_db": level_db}
    return voice.model_copy(update={"openness": openness.model_copy(update=degrees)})


def _read(degrees: tuple[float, ...], row: tuple[float, ...]) -> tuple[float, ...]:
    return tuple(np.interp(OPEN_DEGREES, degrees, row).round(1).tolist())


def shut(voice: VoiceModel, wide: VoiceModel | None) -> VoiceModel:
    """Return a shut hat with :data:`SHUT_DEGREES`; loosely shut it rings as the way to the open one begins."""
    share = SHUT_SHARE if wide is None else min(1.0, t30_s(voice) / t30_s(wide))
    loose = float(np.clip(share ** -SHUT_DEGREES[1], _LEAST_STEP, _LOOSEST))
    openness = Openness(degrees=SHUT_DEGREES, stretch=(1.0, round(loose, 3)))
    return voice.model_copy(update={"openness": openness})
