"""Detect the onset of a sound; used to align one-shots and to verify rendered audio."""

from __future__ import annotations

from functools import reduce
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.numerics.amplitude import first_reaching, peak

ATTACK_S: Final = 0.150
"""Length of the window whose peak the attack is measured against; longer than the attack of a kick or a crash."""
LEAD_IN_S: Final = 0.075
"""If the amplitude stays below :data:`ATTACK_SHARE` of the peak for this long, it is noise before the sound. Each of
682 recorded one-shots reaches three quarters of its peak within this time."""
ATTACK_SHARE: Final = 0.1
"""The attack is the first frame whose amplitude reaches this share (-20 dB) of the window's peak."""
STIRRING_SHARE: Final = 0.01
"""The window starts where the amplitude first reaches this share (-40 dB) of the sound's peak: above hiss, below any
attack."""


def onset_frame(pcm: NDArray[Any], sample_rate: int) -> int | None:
    """Return the frame of the attack of the first sound in ``pcm``, or None for silence.

    The amplitude of a frame is the greatest magnitude over its channels. The result does not depend on the gain.

    :param pcm: shape (frames,) or (frames, channels), integers or floats.
    :param sample_rate: in Hz.
    """
    start = sound_start(pcm, sample_rate)
    if start is None:
        return None
    attack = pcm[start : start + max(1, round(ATTACK_S * sample_rate))]
    return start + (first_reaching(attack, peak(attack) * ATTACK_SHARE) or 0)


def sound_start(pcm: NDArray[Any], sample_rate: int) -> int | None:
    """Return the first frame of the search for an attack, after any noise before it; None for silence.

    :param pcm: shape (frames,) or (frames, channels), integers or floats.
    """
    loudest = peak(pcm)
    if not loudest > 0:
        return None
    start = first_reaching(pcm, loudest * STIRRING_SHARE) or 0
    lead_in = pcm[start : start + max(1, round(LEAD_IN_S * sample_rate))]
    if peak(lead_in) < loudest * ATTACK_SHARE:
        start = first_reaching(pcm, loudest * ATTACK_SHARE) or 0
    return start


def magnitude(pcm: NDArray[Any]) -> NDArray[np.float64]:
    """Return the greatest magnitude over the channels of each frame, shape (frames,)."""
    amplitude = np.abs(pcm.astype(np.float64))
    if amplitude.ndim == 1:
        return amplitude
    # Channel by channel: NumPy's maximum over a short last axis is ten times slower.
    return reduce(np.maximum, amplitude.T)
