"""Velocity ranges of the strokes of one voice: from their layers, or from how loud they are.

A folder of one-shots does not say how hard a stroke was. Numbered layers divide the velocities evenly. Where names say
nothing, strokes are sorted by loudness: velocity is taken to rise as the root of the amplitude does, as in most
players.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np

from stemgmd_tools.audio import read_audio
from stemgmd_tools.errors import AudioError
from stemgmd_tools.kits.sample_map.validation import HIGHEST_VELOCITY, LOWEST_VELOCITY
from stemgmd_tools.kits.sources.base import Region, SoundFile
from stemgmd_tools.kits.sources.folder.strokes import Stroke
from stemgmd_tools.numerics.elementary import exp10, log10
from stemgmd_tools.onsets import onset_frame

SAME_LAYER_DB: Final = 6.0
"""Strokes that differ less are takes of one layer."""
LAYER_DB: Final = 4.0
"""Strokes within so many decibels of a layer's softest belong to it."""
NORMALISED_DB: Final = 3.0
"""If the hardest layer is not louder than the softest by so much, the files were normalised."""
_LEVEL_S: Final = 0.1
"""Stretch after the attack over which loudness is measured."""
_LONGEST_S: Final = 600.0
_MOST_NUMBERED: Final = 12
_SQUARE_LAW: Final = 40.0
"""Decibels per decade of velocity if amplitude is proportional to the square of velocity."""

Level = Callable[[Stroke], float | None]
"""Loudness of a stroke in dB; None if it cannot be measured."""


class Layers(NamedTuple):
    """Velocity ranges of the strokes of a voice."""

    ranges: Mapping[int, tuple[int, int]]
    """Position of a stroke -> lowest and highest velocity; empty if all are takes of one layer."""
    dynamics_db: float | None
    """Level that a player adds from velocity 1 to 127; None: that of a player that is told nothing."""


def regions_of(folder: Path, strokes: Sequence[Stroke]) -> tuple[list[Region], list[str]]:
    """Return the regions of all strokes, and one line for each file that cannot be measured."""
    notices: list[str] = []

    def level(stroke: Stroke) -> float | None:
        try:
            return level_db(folder / stroke.place)
        except AudioError as error:
            notices.append(str(error))
            return None

    by_voice: dict[str, list[Stroke]] = defaultdict(list)
    for stroke in strokes:
        by_voice[stroke.voice].append(stroke)
    regions = []
    for rows in by_voice.values():
        layers = layers_of(rows, level)
        for position, stroke in enumerate(rows):
            regions.append(_region(folder, stroke, layers.ranges.get(position), layers.dynamics_db))
    return regions, notices


def _region(folder: Path, stroke: Stroke, velocity: tuple[int, int] | None, dynamics_db: float | None) -> Region:
    return Region(
        sounds={microphone: SoundFile(folder / path) for microphone, path in stroke.files.items()},
        place=stroke.place,
        keys=() if stroke.key is None else (stroke.key,),
        names=(stroke.voice,),
        velocity=velocity,
        round_robin=stroke.take,
        dynamics_db=dynamics_db,
    )


def layers_of(strokes: Sequence[Stroke], level: Level) -> Layers:
    """Return the velocity ranges of the strokes of a voice."""
    numbers = [stroke.layer for stroke in strokes if stroke.layer is not None]
    if len(numbers) == len(strokes) and len(set(numbers)) > 1:
        return _by_number(strokes, level)
    if len(strokes) == 1 or len(set(numbers)) == 1:
        return Layers({}, None)
    return _by_loudness(strokes, level)


def _by_number(strokes: Sequence[Stroke], level: Level) -> Layers:
    layers = sorted({stroke.layer or 0 for stroke in strokes})
    if any(stroke.has_velocity for stroke in strokes):
        tops = [min(max(layer, LOWEST_VELOCITY), HIGHEST_VELOCITY) for layer in layers]
    else:
        tops = [HIGHEST_VELOCITY * (number + 1) // len(layers) for number in range(len(layers))]
    ranges = dict(zip(layers, _ranges(tops), strict=True))
    ends = [next(stroke for stroke in strokes if stroke.layer == layer) for layer in (layers[0], layers[-1])]
    softest, hardest = (level(stroke) for stroke in ends)
    natural = softest is not None and hardest is not None and hardest - softest >= NORMALISED_DB
    placed = {position: ranges[stroke.layer or 0] for position, stroke in enumerate(strokes)}
    return Layers(placed, 0.0 if natural else None)


def _ranges(tops: Sequence[int]) -> list[tuple[int, int]]:
    """Return contiguous ranges that end at ascending velocities; the last reaches 127."""
    tops = [*tops[:-1], HIGHEST_VELOCITY]
    for place in range(len(tops) - 2, -1, -1):
        tops[place] = max(min(tops[place], tops[place + 1] - 1), place + 1)
    return [(low + 1, high) for low, high in pairwise([LOWEST_VELOCITY - 1, *tops])]


def _by_loudness(strokes: Sequence[Stroke], level: Level) -> Layers:
    measured = [level(stroke) for stroke in strokes]
    levels = sorted((value, position) for position, value in enumerate(measured) if value is not None)
    if not levels or levels[-1][0] - levels[0][0] < SAME_LAYER_DB:
        return Layers({}, None)
    groups = _numbered_groups(strokes, levels) or _groups(levels)
    means = [sum(value for value, _ in group) / len(group) for group in groups]
    tops = [round(HIGHEST_VELOCITY * exp10((mean - means[-1]) / _SQUARE_LAW)) for mean in means]
    ranges = _ranges(tops)
    placed = {position: ranges[number] for number, group in enumerate(groups) for _, position in group}
    return Layers(placed, 0.0)


_Levels = list[tuple[float, int]]
"""Loudness and position of strokes, softest first."""


def _numbered_groups(strokes: Sequence[Stroke], levels: _Levels) -> list[_Levels]:
    """Return a layer for each stroke if loudness rises with the number in the name."""
    takes = [strokes[position].take for _, position in levels]
    known = [take for take in takes if take is not None]
    rises = len(known) == len(takes) and all(softer < harder for softer, harder in pairwise(known))
    return [[row] for row in levels] if rises and len(takes) <= _MOST_NUMBERED else []


def _groups(levels: _Levels) -> list[_Levels]:
    groups: list[_Levels] = []
    for row in levels:
        if groups and row[0] - groups[-1][0][0] < LAYER_DB and len(groups[-1]) < len(levels):
            groups[-1].append(row)
        else:
            groups.append([row])
    return groups


def level_db(path: Path) -> float | None:
    """Return the level of a one-shot after its attack in dB, 0 dB for a mean power of 1; None for silence.

    :raises AudioError: if the file cannot be read.
    """
    samples, rate = read_audio(path, longest_s=_LONGEST_S)
    finite = np.nan_to_num(samples)
    onset = onset_frame(finite, rate)
    if onset is None:
        return None
    stretch = finite[onset : onset + max(1, round(_LEVEL_S * rate))].astype(np.float64)
    power = float((stretch * stretch).mean())
    return 10.0 * log10(power) if power > 0 else None
