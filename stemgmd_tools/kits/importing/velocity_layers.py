"""Divide the velocities 1..127 among the regions of one articulation, as the library's player does.

A bank draws one continuous curve through the levels of the layers (:mod:`stemgmd_tools.kits.bank.velocity_curve`), so
what counts is each layer's level at one velocity, its reference: there it plays exactly as loud as in the player.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise
from typing import Final, NamedTuple

from stemgmd_tools.kits.sample_map.validation import HIGHEST_VELOCITY, LOWEST_VELOCITY
from stemgmd_tools.kits.sources.base import Region
from stemgmd_tools.numerics.elementary import exp10, log10

TAKES_PER_LAYER: Final = 4
"""Strokes with a measured power are divided into layers of about this many takes."""
MOST_LAYERS: Final = 24
"""Most layers of strokes with a measured power."""
ALIKE_RATIO: Final = exp10(3.0 / 20.0)
"""Largest ratio of powers in one layer, 3 dB: beyond it takes are strokes of different strengths. Layers of weak and
rare strokes have fewer takes for it."""
SQUARE_LAW_DB: Final = 40.0 * log10(float(HIGHEST_VELOCITY))
"""Level difference between velocity 1 and 127 if amplitude is proportional to the square of velocity."""


class RegionLayer(NamedTuple):
    """The regions of one velocity range."""

    low: int
    high: int
    reference: int
    """Velocity at which the layer is as loud as recorded, :attr:`gain_db` applied."""
    gain_db: float
    """Gain of the player at the reference, relative to velocity 127."""
    regions: tuple[Region, ...]
    """The takes, in the order of the round robin."""


def velocity_layers(regions: Sequence[Region]) -> tuple[RegionLayer, ...]:
    """Return the layers of one articulation at one degree of openness, softest first, covering 1..127.

    :param regions: at least one; either all with velocity ranges, all with a power, or all with neither (takes of one
        layer).
    """
    if all(region.power is not None for region in regions):
        layers = _by_power(regions)
    elif any(region.velocity is not None for region in regions):
        layers = _by_range([region for region in regions if region.velocity is not None])
    else:
        layers = [(LOWEST_VELOCITY, HIGHEST_VELOCITY, HIGHEST_VELOCITY, tuple(regions))]
    return tuple(_layer(*layer, single=len(layers) == 1) for layer in layers)


_Range = tuple[int, int, int, tuple[Region, ...]]
"""Lowest and highest velocity, reference, regions."""


def _layer(low: int, high: int, reference: int, regions: tuple[Region, ...], *, single: bool) -> RegionLayer:
    ordered = sorted(regions, key=lambda region: region.round_robin or 0)
    given = all(region.velocity_gain_db is not None for region in regions)
    gain_db = _player_gain_db(regions, reference) if given or not single else 0.0
    return RegionLayer(low, high, reference, gain_db, tuple(ordered))


def added_db(regions: Iterable[Region]) -> float:
    """Return the level difference between velocity 1 and 127 that the player adds, the mean of the regions."""
    amounts = [SQUARE_LAW_DB if region.dynamics_db is None else region.dynamics_db for region in regions]
    return sum(amounts) / len(amounts)


def _player_gain_db(regions: Sequence[Region], velocity: int) -> float:
    """Return the gain of the player at a velocity, relative to velocity 127 unless regions say it themselves."""
    given = [
        _own_gain_db(region.velocity, region.velocity_gain_db, velocity)
        for region in regions
        if region.velocity is not None and region.velocity_gain_db is not None
    ]
    if len(given) == len(regions):
        return sum(given) / len(given)
    return added_db(regions) * (log10(velocity) / log10(HIGHEST_VELOCITY) - 1.0)


def _own_gain_db(span: tuple[int, int], gains_db: tuple[float, float], velocity: int) -> float:
    """Return the gain at a velocity from those at the ends of a range, in decibels over the logarithm of velocity."""
    (low, high), (softest, loudest) = span, gains_db
    if velocity >= high or low == high:
        return loudest
    return softest + (loudest - softest) * float(log10(max(velocity, low) / low) / log10(high / low))


def _by_range(regions: Sequence[Region]) -> list[_Range]:
    """Divide velocities where a region begins or ends; close gaps in the middle."""
    spans = [(region.velocity or (LOWEST_VELOCITY, HIGHEST_VELOCITY), region) for region in regions]
    edges = sorted({edge for (low, high), _ in spans for edge in (low, high + 1)})
    active = [
        (low, after - 1, tuple(region for span, region in spans if span[0] <= low and after - 1 <= span[1]))
        for low, after in pairwise(edges)
    ]
    merged = [
        (rows[0][0], rows[-1][1], key)
        for key, group in groupby((row for row in active if row[2]), key=lambda row: row[2])
        for rows in [list(group)]
    ]
    bounds = [LOWEST_VELOCITY]
    bounds += [(softer[1] + harder[0]) // 2 + 1 for softer, harder in pairwise(merged)]
    bounds.append(HIGHEST_VELOCITY + 1)
    return [
        (low, after - 1, min(max(high, low), after - 1), row)
        for (low, after), (_, high, row) in zip(pairwise(bounds), merged, strict=True)
    ]


def _chunks(strokes: tuple[Region, ...]) -> list[tuple[Region, ...]]:
    """Divide strokes, in the order of their power, into layers.

    They are parted where power rises most until each part holds like strokes; large parts are divided evenly.
    """
    parts = [strokes]
    while len(parts) < MOST_LAYERS:
        widest = max(range(len(parts)), key=lambda n: _rise(parts[n][0], parts[n][-1]))
        part = parts[widest]
        if _rise(part[0], part[-1]) <= ALIKE_RATIO:
            break
        border = max(range(1, len(part)), key=lambda n: _rise(part[n - 1], part[n]))
        parts[widest : widest + 1] = [part[:border], part[border:]]
    takes = TAKES_PER_LAYER
    while sum(max(1, len(part) // takes) for part in parts) > MOST_LAYERS:
        takes += 1
    return [
        part[len(part) * n // count : len(part) * (n + 1) // count]
        for part in parts
        for count in [max(1, len(part) // takes)]
        for n in range(count)
    ]


def _rise(softer: Region, harder: Region) -> float:
    """Return the ratio of the powers of two strokes."""
    low, high = softer.power or 0.0, harder.power or 0.0
    return 1.0 if high <= low else math.inf if low <= 0.0 else high / low


def _by_power(regions: Sequence[Region]) -> list[_Range]:
    """Divide strokes into layers of neighbouring power; velocity is proportional to power, as in DrumGizmo."""
    strokes = sorted(regions, key=lambda region: region.power or 0.0)
    least, most = strokes[0].power or 0.0, strokes[-1].power or 0.0
    if most <= least:
        return [(LOWEST_VELOCITY, HIGHEST_VELOCITY, HIGHEST_VELOCITY, tuple(strokes))]
    span = HIGHEST_VELOCITY - LOWEST_VELOCITY

    def velocity(chunk: Sequence[Region]) -> int:
        mean = sum(region.power or 0.0 for region in chunk) / len(chunk)
        return LOWEST_VELOCITY + round(span * (mean - least) / (most - least))

    rows: list[tuple[int, tuple[Region, ...]]] = []
    for chunk in _chunks(tuple(strokes)):
        at = velocity(chunk)
        if rows and rows[-1][0] >= at:  # too close for a velocity of its own
            rows[-1] = (rows[-1][0], rows[-1][1] + chunk)
        else:
            rows.append((at, chunk))
    bounds = [LOWEST_VELOCITY, *((softer + harder) // 2 + 1 for (softer, _), (harder, _) in pairwise(rows))]
    ends = [*(bound - 1 for bound in bounds[1:]), HIGHEST_VELOCITY]
    return [
        (low, high, min(max(at, low), high), chunk) for low, high, (at, chunk) in zip(bounds, ends, rows, strict=True)
    ]
