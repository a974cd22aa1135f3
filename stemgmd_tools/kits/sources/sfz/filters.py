"""The first filter of a region, where the library leaves it: ``cutoff``, ``resonance``, ``fil_type``, ``fil_veltrack``.

Source: sfizz, ``src/sfizz/FilterPool.cpp`` and ``dsp/filters/sfz_filters.dsp``: two poles, a resonance in decibels.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

from stemgmd_tools.kits.sample_map.filter import HIGHEST_HZ, LOWEST_HZ, Filter
from stemgmd_tools.kits.sources.filters import audible_highpass, audible_lowpass
from stemgmd_tools.numerics.elementary import exp2

_TYPES: Final = {"lpf_2p": "lowpass", "lpf_2p_sv": "lowpass", "hpf_2p": "highpass", "hpf_2p_sv": "highpass"}
_MOVING: Final = ("fileg_depth", "fillfo_depth", "fil_keytrack")
"""Opcodes that move a filter while it plays, or from key to key."""
_MOST_CENTS: Final = 12_000.0
_HIGHEST_RESONANCE_DB: Final = 40.0


class RegionFilters(NamedTuple):
    """The filters of a region."""

    lowpass: Filter | None = None
    highpass: Filter | None = None
    problem: str = ""
    """Why a filter is not applied."""


def region_filters(
    opcodes: Mapping[str, str],
    number: Callable[[str, float, float, float], float],
    added: Mapping[str, float],
    velocity: int,
) -> RegionFilters:
    """Return the filters of a region at a velocity.

    :param number: returns the value of an opcode of the region, from its name, default and range.
    :param added: what controllers add to opcodes.
    """
    if "cutoff" not in opcodes:
        return RegionFilters()
    kind = opcodes.get("fil_type", "lpf_2p").strip().lower()
    if kind not in _TYPES:
        return RegionFilters(problem=f"filters of the type {kind[:20]} are not applied")
    if any(number(name, 0.0, -_MOST_CENTS, _MOST_CENTS) for name in _MOVING if name in opcodes):
        return RegionFilters(problem="filters that move are not applied")
    cents = added.get("cutoff", 0.0)
    cents += number("fil_veltrack", 0.0, -_MOST_CENTS, _MOST_CENTS) * velocity / 127.0
    cents = min(max(cents, -_MOST_CENTS), _MOST_CENTS)
    cutoff_hz = number("cutoff", HIGHEST_HZ, 0.0, HIGHEST_HZ) * exp2(cents / 1200.0)
    cutoff_hz = min(max(cutoff_hz, LOWEST_HZ), HIGHEST_HZ)
    resonance_db = number("resonance", 0.0, 0.0, _HIGHEST_RESONANCE_DB) + added.get("resonance", 0.0)
    resonance_db = min(max(resonance_db, 0.0), _HIGHEST_RESONANCE_DB)
    if _TYPES[kind] == "lowpass":
        return RegionFilters(lowpass=audible_lowpass(cutoff_hz, resonance_db))
    return RegionFilters(highpass=audible_highpass(cutoff_hz, resonance_db))
