"""Draw the source of a stem of a random mix: performance, kit and position."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from stemgmd_tools import units
from stemgmd_tools.augment.chain.effect import Value
from stemgmd_tools.augment.chain.rows import Example, rounded
from stemgmd_tools.augment.sampling.activity import Activity
from stemgmd_tools.augment.sampling.pool import Pool
from stemgmd_tools.seeds import stream

TRIES: Final = 16
"""Maximum number of positions drawn; the last one is used in any case."""
_SEEDS: Final = 1 << 53
"""Number of different uniform numbers, to convert one to an integer seed."""


def random_source(
    stated: Mapping[str, Value], numbers: Sequence[float], names: Sequence[str], example: Example, pool: Pool
) -> dict[str, Value]:
    """Return ``performance``, ``kit`` and ``start_s`` of a stem from another position.

    :param stated: ``match`` and ``min_hits``, if the effect has them.
    :param numbers: three uniform numbers; they also determine further tries.
    :param names: stems from the new position; ``min_hits`` counts the hits of all of them.
    """
    source: dict[str, Value] = {}
    for place in _places(numbers):
        source = _source(str(stated.get("match", "any")), place, example, pool)
        if pool.activity is None or _hits(source, names, example, pool, pool.activity) >= int(
            stated.get("min_hits", 0)
        ):
            break
    return source


def remix_source(u: float, songs: int, shared: float, example: Example, pool: Pool) -> dict[str, Value]:
    """Return ``performance``, ``kit`` and ``start_s`` of one of several songs, the example itself among them.

    :param u: uniform number of the stem, which selects the song.
    :param shared: uniform number of the example, which determines the songs.
    """
    number = int(u * songs)
    if number == 0:
        start_s = units.seconds_of(example.start, pool.sample_rate)
        return {"performance": example.performance, "kit": example.kit, "start_s": start_s}
    return _source("any", stream(int(shared * _SEEDS), "song", number).random(3).tolist(), example, pool)


def _places(numbers: Sequence[float]) -> Iterator[Sequence[float]]:
    yield numbers
    yield from stream(int(numbers[0] * _SEEDS), "elsewhere").random((TRIES - 1, len(numbers))).tolist()


def _source(match: str, numbers: Sequence[float], example: Example, pool: Pool) -> dict[str, Value]:
    like = pool.performance_at_tempo if match == "same_bpm" else pool.performance_like
    performance = like(example.performance, numbers[0])
    kit = example.kit if match == "same_kit" else choose(pool.kits_like(example.kit), numbers[1])
    start_s = 0.0  # whole examples begin where the other performance does
    if example.frames is not None:
        room_s = pool.performance(performance).duration_s - example.frames / pool.sample_rate
        start_s = rounded(max(room_s, 0.0) * numbers[2])
    return {"performance": performance, "kit": kit, "start_s": start_s}


def _hits(source: Mapping[str, Value], names: Sequence[str], example: Example, pool: Pool, activity: Activity) -> int:
    performance, start_s = str(source["performance"]), float(source["start_s"])
    seconds = pool.performance(performance).duration_s
    frames = example.frames if example.frames is not None else units.frames_of(seconds, pool.sample_rate)
    start = units.frames_of(start_s, pool.sample_rate)
    return sum(activity.hits(performance, name, start, frames) for name in names)


def choose(names: Sequence[str], u: float) -> str:
    """Return the name selected by a uniform number, all with equal probability."""
    return names[int(u * len(names))]
