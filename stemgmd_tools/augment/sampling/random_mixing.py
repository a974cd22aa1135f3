"""Random mixing: draw the stems of a training mix from independent positions, performances and kits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools import units
from stemgmd_tools.augment.chain.effect import Value
from stemgmd_tools.augment.chain.rows import Example, Row, rounded
from stemgmd_tools.augment.sampling.activity import Activity
from stemgmd_tools.augment.sampling.mixing_options import MixLevel, MixScope, Pitch, RandomMix
from stemgmd_tools.augment.sampling.pool import Pool
from stemgmd_tools.augment.sampling.source_sampling import choose
from stemgmd_tools.errors import UsageError
from stemgmd_tools.seeds import stream

_NUMBERS: Final = 8
"""Uniform numbers per try; some are reserved for future options."""
_PERFORMANCE, _KIT, _START, _SHIFT, _CENTS, _GAIN = range(6)


class Part(NamedTuple):
    """Source and shifts of one stem of a mix."""

    stem: str
    performance: str
    kit: str
    start: int
    """Frame of the performance at which the segment starts."""
    cents: float
    gain_db: float


def draw_mix(
    knobs: RandomMix,
    number: int,
    stems: Sequence[str],
    frames: int,
    pool: Pool,
    seed: int,
    activity: Activity | None = None,
) -> tuple[Part, ...]:
    """Draw one mix. It depends only on the options, its number and the seed, not on other mixes, workers or batches.

    :param number: number of the mix, from 0: epoch times its length plus the position, so that none repeats.
    :param stems: pieces or groups.
    :param frames: length of the chunk.
    :param activity: needed if ``min_hits`` is above 0.
    :return: one part per stem; all have equal performance, kit and start in an original mix.
    :raises UsageError: if ``min_hits`` is set without ``activity``, or the pool is empty.
    """
    if knobs.min_hits and activity is None:
        raise UsageError("min_hits needs the onsets: give activity=Activity.of(source.hits)")
    if not pool.kits or not pool.performances:
        raise UsageError("the pool holds no kit or no performance; there is nothing to mix")
    p_original = knobs.p_original_at(number)
    number = number if knobs.pool_size is None else number % knobs.pool_size
    rng = stream(seed, "mix", knobs.scope, number)
    toss = rng.random()
    tables = rng.random((len(stems) + 1, knobs.tries, _NUMBERS))
    base = _base(tables[0], knobs, stems, frames, pool, activity)
    if toss < p_original:
        return tuple(base._replace(stem=stem) for stem in stems)
    if knobs.level is MixLevel.SONG:
        return _song_parts(knobs, stems, tables.shape, base, frames, pool, seed)
    return tuple(
        _part(stem, table, tables[0, 0, _CENTS], base, knobs, frames, pool, activity)
        for stem, table in zip(stems, tables[1:], strict=True)
    )


def _song_parts(
    knobs: RandomMix,
    stems: Sequence[str],
    shape: tuple[int, ...],
    base: Part,
    frames: int,
    pool: Pool,
    seed: int,
) -> tuple[Part, ...]:
    """Return the parts of a chunk of the fixed mix of a performance and kit; a stem that ends begins again."""
    tables = stream(seed, "song mix", knobs.scope, base.performance, base.kit).random(shape)
    song = base._replace(start=0)
    parts = (
        _part(stem, table, tables[0, 0, _CENTS], song, knobs, frames, pool, None)
        for stem, table in zip(stems, tables[1:], strict=True)
    )
    return tuple(
        part._replace(start=(part.start + base.start) % (_room(part.performance, frames, pool) + 1)) for part in parts
    )


def mix_rows(parts: Sequence[Part], example: Example, knobs: RandomMix, sample_rate: int) -> tuple[Row, ...]:
    """Return the rows of a mix: sources, pitch, loudness, gain, in this order."""
    effects: list[tuple[str, list[dict[str, Value]]]] = [
        (
            "random_mix",
            [
                {
                    "match": "any",
                    "min_hits": 0,
                    "performance": part.performance,
                    "kit": part.kit,
                    "start_s": units.seconds_of(part.start, sample_rate),
                }
                for part in parts
            ],
        ),
    ]
    if knobs.pitch is not Pitch.NONE:
        effects.append(("pitch_shift", [{"cents": part.cents} for part in parts]))
    if knobs.loudness_lufs is not None:
        effects.append(("loudness_normalization", [{"lufs": knobs.loudness_lufs}] * len(parts)))
    if knobs.gain_db != (0.0, 0.0):
        effects.append(("gain", [{"gain_db": part.gain_db} for part in parts]))
    return tuple(
        Row(example.name, step, effect, "stem", example.stems.index(part.stem), parameters)
        for step, (effect, values) in enumerate(effects)
        for part, parameters in zip(parts, values, strict=True)
    )


def _base(
    table: NDArray[np.float64],
    knobs: RandomMix,
    stems: Sequence[str],
    frames: int,
    pool: Pool,
    activity: Activity | None,
) -> Part:
    """Return the shared position of the stems; every second of a performance is equally likely."""
    part = Part("", "", "", 0, 0.0, 0.0)
    for u in table:
        performance = pool.performance_at(float(u[_PERFORMANCE]))
        kit = pool.kit_at(float(u[_KIT]))
        part = Part("", performance, kit, _place(u[_START], performance, frames, pool), 0.0, 0.0)
        if activity is None or any(_is_active(part._replace(stem=stem), knobs, frames, activity) for stem in stems):
            break
    return part


def _part(
    stem: str,
    table: NDArray[np.float64],
    shared: float,
    base: Part,
    knobs: RandomMix,
    frames: int,
    pool: Pool,
    activity: Activity | None,
) -> Part:
    """Return the part of one stem: the first position tried with enough hits, else the last."""
    part = base._replace(stem=stem)
    for u in table:
        part = _placed(base._replace(stem=stem), u, knobs, frames, pool)
        if activity is None or _is_active(part, knobs, frames, activity):
            break
    pitch = {Pitch.NONE: 0.5, Pitch.CONSISTENT: shared, Pitch.INCONSISTENT: table[0, _CENTS]}[knobs.pitch]
    low, high = knobs.gain_db
    return part._replace(
        cents=rounded((2.0 * float(pitch) - 1.0) * knobs.cents),
        gain_db=rounded(low + float(table[0, _GAIN]) * (high - low)),
    )


def _placed(base: Part, u: NDArray[np.float64], knobs: RandomMix, frames: int, pool: Pool) -> Part:
    """Return performance, kit and position of one try."""
    part = base
    if knobs.scope in (MixScope.KIT_SWAP, MixScope.SAME_BPM, MixScope.ANY):
        part = part._replace(kit=choose(pool.kits_like(base.kit), u[_KIT]))
    if knobs.scope in (MixScope.SAME_PERFORMANCE, MixScope.SAME_KIT, MixScope.ANY):
        name = base.performance
        if knobs.scope is not MixScope.SAME_PERFORMANCE:
            name = pool.performance_like(base.performance, float(u[_PERFORMANCE]))
        part = part._replace(performance=name, start=_place(u[_START], name, frames, pool))
    elif knobs.scope is MixScope.SAME_BPM:
        name = pool.performance_at_tempo(base.performance, float(u[_PERFORMANCE]))
        part = part._replace(performance=name, start=_on_beat(u[_START], name, base, frames, pool))
    shift = units.frames_of((2.0 * float(u[_SHIFT]) - 1.0) * knobs.time_shift_s, pool.sample_rate)
    start = part.start + shift
    return part._replace(start=start if knobs.level is MixLevel.SONG else max(start, 0))


def _place(u: float, performance: str, frames: int, pool: Pool) -> int:
    """Return a start frame at which the performance fills the chunk; 0 if it is too short."""
    return int(u * (_room(performance, frames, pool) + 1))


def _room(performance: str, frames: int, pool: Pool) -> int:
    """Return the last start frame at which the performance fills the chunk; 0 if it is too short."""
    return max(units.frames_of(pool.performance(performance).duration_s, pool.sample_rate) - frames, 0)


def _on_beat(u: float, performance: str, base: Part, frames: int, pool: Pool) -> int:
    """Return a position in another performance with the same phase in the beat as the base's."""
    bpm, base_bpm = pool.performance(performance).bpm, pool.performance(base.performance).bpm
    anywhere = _place(u, performance, frames, pool)
    if bpm is None or base_bpm is None:
        return anywhere
    beat, base_beat = (60.0 / tempo * pool.sample_rate for tempo in (bpm, base_bpm))
    phase = (base.start / base_beat) % 1.0
    return round((anywhere // beat + phase) * beat)


def _is_active(part: Part, knobs: RandomMix, frames: int, activity: Activity) -> bool:
    return activity.hits(part.performance, part.stem, part.start, frames) >= knobs.min_hits
