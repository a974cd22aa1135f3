"""Filters of formats, for sample maps."""

from __future__ import annotations

import math
from typing import Final

from stemgmd_tools.kits.sample_map.filter import (
    FLAT_DB,
    HIGHEST_RESONANCE_DB,
    LOWEST_HZ,
    LOWEST_RESONANCE_DB,
    Filter,
)

_OPEN_HZ: Final = 16_000.0
"""A low-pass from here on is not heard, nor is a high-pass up to :data:`_DEEP_HZ`."""
_DEEP_HZ: Final = 20.0


def audible_lowpass(cutoff_hz: float, resonance_db: float) -> Filter | None:
    """Return a low-pass in figures that read well; None if it changes nothing that is heard."""
    return None if cutoff_hz >= _OPEN_HZ else _filter(cutoff_hz, resonance_db)


def audible_highpass(cutoff_hz: float, resonance_db: float) -> Filter | None:
    """Return a high-pass in figures that read well; None if it changes nothing that is heard."""
    return None if cutoff_hz <= _DEEP_HZ else _filter(min(cutoff_hz, _OPEN_HZ), resonance_db)


def between(one: Filter | None, other: Filter | None) -> Filter | None:
    """Return the filter in the middle of those of two channels, which a sound has in common."""
    if one == other:
        return one
    cutoffs_hz = [_OPEN_HZ if filter_ is None else filter_.cutoff_hz for filter_ in (one, other)]
    peaks_db = [FLAT_DB if filter_ is None else filter_.resonance_db for filter_ in (one, other)]
    return audible_lowpass(math.sqrt(cutoffs_hz[0] * cutoffs_hz[1]), sum(peaks_db) / 2.0)


def _filter(cutoff_hz: float, resonance_db: float) -> Filter:
    """Return a filter within the limits of sample maps, which a SoundFont's resonance of up to 96 dB exceeds."""
    resonance_db = min(max(resonance_db, LOWEST_RESONANCE_DB), HIGHEST_RESONANCE_DB)
    return Filter(cutoff_hz=round(max(cutoff_hz, LOWEST_HZ), 1), resonance_db=round(resonance_db, 2))
