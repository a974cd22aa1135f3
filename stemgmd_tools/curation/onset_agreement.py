"""How well the onsets that are detected in stems agree with hits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np
from numpy.typing import NDArray

_NEAR_S: Final = 0.05
"""An onset this close to a hit is that of the hit."""
_APART_S: Final = 0.1
"""Hits of other stems this close to a hit of the stem itself are not counted."""
_FEWEST: Final = 4

Times = NDArray[np.float64]
"""Seconds, ascending."""


def agreements(
    onsets: Mapping[str, Times], hits: Mapping[str, tuple[float, ...]]
) -> tuple[dict[str, float], dict[str, tuple[str, float]]]:
    """Return how well the onsets of stems agree with hits.

    :param onsets: detected onsets by stem.
    :param hits: times in seconds by stem, ascending.
    :return: by stem the share of its onsets that lie at its own hits; and the other stem at whose hits it has onsets
        most often, with that share. Stems with fewer than four onsets, and others with fewer than four hits that can be
        told from those of the stem, are left out.
    """
    own: dict[str, float] = {}
    others: dict[str, tuple[str, float]] = {}
    for name, times_s in onsets.items():
        if len(times_s) < _FEWEST:
            continue
        played = np.array(hits.get(name, ()))
        own[name] = float((_distances(times_s, played) <= _NEAR_S).mean())
        shares: dict[str, float] = {}
        for other, given in hits.items():
            apart = np.array(given)[_distances(np.array(given), played) > _APART_S]
            if other != name and len(apart) >= _FEWEST:
                shares[other] = float((_distances(apart, times_s) <= _NEAR_S).mean())
        if shares:
            most = max(shares, key=lambda other: shares[other])
            others[name] = most, shares[most]
    return own, others


def _distances(times_s: Times, others_s: Times) -> Times:
    """Return the distance of each time from the nearest of other times, ascending; infinite without any."""
    bounded = np.concatenate([[-np.inf], others_s, [np.inf]])
    behind = np.searchsorted(bounded, times_s)
    distances: Times = np.minimum(times_s - bounded[behind - 1], bounded[behind] - times_s)
    return distances
