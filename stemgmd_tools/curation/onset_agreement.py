"""How well the onsets of stems agree with hits, from the power of frames of 10 ms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

FRAME_S: Final = 0.01
_BEFORE: Final = 3
_AFTER: Final = 5
"""Frames before a hit, and from it on, whose power is compared."""
_GAP_S: Final = 0.1
"""Hits this close to another one of the stem itself are not counted."""
_RISE: Final = 2.0
"""Smallest ratio of power after a hit to that before it: 3 dB."""
_AUDIBLE: Final = 0.1
"""At hits of other stems, a rise counts from this share of the median power at own hits on: bleed lies below."""
_FEWEST: Final = 4

Power = NDArray[np.float64]


def frame_power(sound: NDArray[np.float32], sample_rate: int) -> Power:
    """Return the mean power of frames of 10 ms; sound of shape (frame, channel)."""
    hop = max(1, round(FRAME_S * sample_rate))
    count = len(sound) // hop
    rows = sound[: count * hop].reshape(count, -1)
    power: Power = np.einsum("ij,ij->i", rows, rows).astype(np.float64) / max(1, hop * sound.shape[1])
    return power


def agreements(
    powers: Mapping[str, Power], hits: Mapping[str, tuple[float, ...]]
) -> tuple[dict[str, float], dict[str, tuple[str, float]]]:
    """Return how well stems agree with hits.

    :param powers: :func:`frame_power` by stem.
    :param hits: times in seconds by stem, ascending.
    :return: by stem the share of its own hits at which its power rises; and the other stem at whose hits it rises most
        often, with that share. Stems with fewer than four hits that can be judged are left out.
    """
    own: dict[str, float] = {}
    others: dict[str, tuple[str, float]] = {}
    for name, power in powers.items():
        times = np.array(hits.get(name, ()))
        alone = times[np.concatenate([[True], np.diff(times) > _GAP_S])] if len(times) else times
        if len(alone) < _FEWEST or not power.any():
            continue
        after, ratio = _rises(power, alone)
        own[name] = float((ratio >= _RISE).mean())
        floor = _AUDIBLE * float(np.median(after))
        shares: dict[str, float] = {}
        for other, given in hits.items():
            distant = np.array([time for time in given if np.abs(times - time).min() > _GAP_S])
            if other != name and len(distant) >= _FEWEST:
                level, rise = _rises(power, distant)
                shares[other] = float(((rise >= _RISE) & (level > max(floor, 1e-12))).mean())
        if shares:
            worst = max(shares, key=lambda other: shares[other])
            others[name] = worst, shares[worst]
    return own, others


def _rises(power: Power, times: NDArray[np.float64]) -> tuple[Power, Power]:
    """Return the largest power of a frame from each time on, and its ratio to the largest one before."""
    padded = np.concatenate([np.zeros(_BEFORE + 1), power, np.zeros(_AFTER)])
    at = np.minimum((times / FRAME_S).astype(np.int64), len(power)) + _BEFORE + 1
    before = np.max([padded[at - 1 - step] for step in range(_BEFORE)], axis=0)
    after = np.max([padded[np.minimum(at + step, len(padded) - 1)] for step in range(_AFTER)], axis=0)
    return after, (after + 1e-12) / (before + 1e-12)
