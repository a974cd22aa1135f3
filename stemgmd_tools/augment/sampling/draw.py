"""Draw the rows of an example from a chain, without touching audio.

Every example has one table of uniform numbers with entries (step, stem, number), from a stream named by seed, chain and
example. Rows therefore do not depend on the order of examples, batches, workers or ranks. Only applied effects have
rows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from stemgmd_tools.augment.chain.catalogue import EFFECT_OF_NAME
from stemgmd_tools.augment.chain.effect import SEEDS, Effect, Kind, Parameter, Scope, SourceEffect, TempoEffect, Value
from stemgmd_tools.augment.chain.rows import ALL_STEMS, Example, Row, rounded
from stemgmd_tools.augment.chain.schema import Chain, Distribution, Step, settings_of
from stemgmd_tools.augment.chain.stems import selected
from stemgmd_tools.augment.sampling import quantiles
from stemgmd_tools.augment.sampling.pool import Pool
from stemgmd_tools.augment.sampling.source_sampling import choose, random_source, remix_source
from stemgmd_tools.errors import AugmentError
from stemgmd_tools.seeds import stream

NUMBERS: Final = 16
"""Uniform numbers per (step, stem): the toss, then one per parameter in the catalogue's order."""
_JOINT: Final = 0
"""Row of the table for all stems together; stem ``s`` has row ``s + 1``."""
_HALF_STEP: Final = 2.0**-54
"""Replaces 0, which has no normal quantile, by half of the smallest positive number that is drawn."""


class Song(NamedTuple):
    """Source of a stem."""

    performance: str
    kit: str
    start_s: float | None = None
    """Start of its segment; None for the start of the example."""


SongOfStem = dict[int, Song]
"""Stem index -> song."""


def draw(chain: Chain, example: Example, pool: Pool, seed: int) -> tuple[Row, ...]:
    """Return the rows that a chain draws for an example.

    :param pool: kits and performances to draw from, including the example's own.
    :param seed: seed of the run.
    :return: the rows in order of application; empty if the example is not augmented.
    :raises AugmentError: if the example lacks a stem of a step, or the pool has nothing to draw from.
    """
    chosen = [selected(step, example) for step in chain.steps]
    for step in chain.steps:
        _check_pool(step, example, pool)
    rng = stream(seed, "augment", chain.hash, example.name)
    if rng.random() >= chain.probability:
        return ()
    uniform = rng.random((len(chain.steps), len(example.stems) + 1, NUMBERS))
    songs: SongOfStem = dict.fromkeys(range(len(example.stems)), Song(example.performance, example.kit))
    rows: list[Row] = []
    for index, (step, stems) in enumerate(zip(chain.steps, chosen, strict=True)):
        rows += _step_rows(index, step, stems, example, pool, uniform[index], songs)
    return tuple(_at_tempo(rows))


def counts_hits(chain: Chain) -> bool:
    """Return whether a chain counts hits, so that its pool needs the onsets (``pool_of(..., activity=True)``)."""
    return any(_counts_hits(step) for step in chain.steps)


def _counts_hits(step: Step) -> bool:
    return EFFECT_OF_NAME[step.effect].has(Kind.PERFORMANCE) and step.parameters.get("min_hits", 0) != 0


def _check_pool(step: Step, example: Example, pool: Pool) -> None:
    """Check that the pool has what a step may draw, whether or not it is applied."""
    effect = EFFECT_OF_NAME[step.effect]
    if effect.has(Kind.KIT) and not effect.has(Kind.PERFORMANCE) and not pool.other_kits(example.kit):
        split = pool.kit(example.kit).split
        raise AugmentError(
            f"{example.name}: {step.effect} needs another kit than {example.kit}"
            f" {f'of the split {split}' if split else 'without a split'}, and the pool has none; give it at least two"
        )
    if _counts_hits(step) and pool.activity is None:
        raise AugmentError(f"{example.name}: min_hits needs the onsets; make the pool with activity=True")
    if effect.has(Kind.TEMPO) and pool.performance(example.performance).bpm is None:
        raise AugmentError(f"{example.name}: {step.effect} needs the performance's tempo (bpm), which is not known")


def _step_rows(
    index: int,
    step: Step,
    stems: Sequence[int],
    example: Example,
    pool: Pool,
    uniform: NDArray[np.float64],
    songs: SongOfStem,
) -> list[Row]:
    """Return the rows of one step, and update the song of each stem."""
    effect = EFFECT_OF_NAME[step.effect]
    settings = settings_of(step)

    def values(table_row: int, names: Sequence[str], present: Song) -> dict[str, Value]:
        if isinstance(effect, SourceEffect) and effect.shares_songs:
            return _remix_parameters(effect, settings["songs"], uniform[[_JOINT, table_row]], example, pool)
        return _parameters(effect, settings, uniform[table_row, 1:].tolist(), names, present, example, pool)

    def row(stem: int, parameters: dict[str, Value]) -> Row:
        return Row(example.name, index, effect.name, step.scope.value, stem, parameters)

    if step.scope is Scope.SONG:
        firsts = {stem: 1 + min(candidate for candidate in stems if songs[candidate] == songs[stem]) for stem in stems}
        repitched = {
            stem: values(first, [example.stems[stem]], songs[stem])
            for stem, first in firsts.items()
            if uniform[first, 0] < step.probability
        }
        return [row(stem, parameters) for stem, parameters in _with_common_end(repitched, len(example.stems)).items()]
    together = step.scope in (Scope.EXAMPLE, Scope.MIXTURE)
    if (together or step.joint) and uniform[_JOINT, 0] >= step.probability:
        return []
    if together:
        # Draws for all stems alike leave out the example's own kit, whatever single stems were given before.
        everything = step.scope is Scope.MIXTURE or len(stems) == len(example.stems)
        alike = [ALL_STEMS] if everything else stems
        names = [example.stems[stem] for stem in stems]
        drawn = values(_JOINT, names, Song(example.performance, example.kit))
        rows = [row(stem, drawn) for stem in alike]
    else:
        tossed = [stem for stem in stems if step.joint or uniform[stem + 1, 0] < step.probability]
        rows = [row(stem, values(stem + 1, [example.stems[stem]], songs[stem])) for stem in tossed]
    _update_songs(rows, songs)
    return rows


def _remix_parameters(
    effect: Effect, songs: Value | Distribution | None, uniform: NDArray[np.float64], example: Example, pool: Pool
) -> dict[str, Value]:
    """Return the parameters of one stem of a remix; the songs are drawn from the first row of numbers."""
    (_, u, shared, *_), (_, _, stem_u, *_) = uniform.tolist()
    count = value_of(songs, effect.parameter("songs"), u) if isinstance(songs, Distribution) else songs
    return {"songs": int(count or 0), **remix_source(stem_u, int(count or 0), shared, example, pool)}


def _with_common_end(drawn: Mapping[int, dict[str, Value]], count: int) -> dict[int, dict[str, Value]]:
    """Return parameters for all stems if any song changed speed, so that all end with the fastest song."""
    if not drawn:
        return {}
    ends = {"fastest": max(1.0, *(float(parameters["rate"]) for parameters in drawn.values()))}
    return {stem: {**drawn.get(stem, {"rate": 1.0, "cents": 0.0}), **ends} for stem in range(count)}


def _at_tempo(rows: Sequence[Row]) -> Iterator[Row]:
    """Yield the rows, with tempo parameters scaled by the preceding changes of tempo."""
    rate = 1.0
    for row in rows:
        if isinstance(EFFECT_OF_NAME[row.effect], TempoEffect):
            rate *= float(row.parameters["rate"])
        if "bpm" in row.parameters and rate != 1.0:
            yield row._replace(parameters={**row.parameters, "bpm": rounded(float(row.parameters["bpm"]) * rate)})
        else:
            yield row


def _update_songs(rows: Sequence[Row], songs: SongOfStem) -> None:
    for row in rows:
        effect = EFFECT_OF_NAME[row.effect]
        if isinstance(effect, SourceEffect) and effect.replaces:
            for stem in songs if row.stem == ALL_STEMS else (row.stem,):
                before, parameters = songs[stem], row.parameters
                start_s = float(parameters["start_s"]) if "start_s" in parameters else before.start_s
                songs[stem] = Song(
                    str(parameters.get("performance", before.performance)), str(parameters["kit"]), start_s
                )


def _parameters(
    effect: Effect,
    settings: Mapping[str, Value | Distribution | None],
    numbers: Sequence[float],
    names: Sequence[str],
    present: Song,
    example: Example,
    pool: Pool,
) -> dict[str, Value]:
    """Return all parameters of one row, stated ones first."""
    values: dict[str, Value] = {}
    for parameter, u in zip(effect.parameters, numbers, strict=False):
        setting = settings[parameter.name]
        if isinstance(setting, Distribution):
            values[parameter.name] = value_of(setting, parameter, u)
        elif setting is not None:
            values[parameter.name] = _typed(setting, parameter)
        elif parameter.kind is Kind.PERFORMANCE:
            return values | random_source(values, numbers[len(values) : len(values) + 3], names, example, pool)
        else:
            values[parameter.name] = _drawn(parameter.kind, u, present, example, pool)
    return values


def _drawn(kind: Kind, u: float, present: Song, example: Example, pool: Pool) -> Value:
    """Return the value of an always drawn parameter."""
    if kind is Kind.SEED:
        return int(u * SEEDS)
    if kind is Kind.TEMPO:
        return rounded(float(pool.performance(example.performance).bpm or 0.0))
    if kind is Kind.FASTEST:
        return 1.0  # until all songs are drawn
    return choose(pool.other_kits(present.kit), u)


def value_of(drawn: Distribution, parameter: Parameter, u: float) -> Value:
    """Return the quantile ``u`` (in [0, 1)) of a parameter's distribution, rounded as in rows."""
    if drawn.choice is not None:
        return _typed(drawn.choice[int(u * len(drawn.choice))], parameter)
    if drawn.normal is not None:
        mean, deviation = drawn.normal
        low, high = drawn.within or (parameter.low, parameter.high)
        value = mean + deviation * quantiles.normal(max(u, _HALF_STEP))
    elif drawn.log_uniform is not None:
        low, high = drawn.log_uniform
        value = quantiles.log_uniform(low, high, u)
    else:
        low, high = drawn.uniform or (parameter.low, parameter.high)
        if parameter.kind is Kind.INTEGER:
            return int(low) + int(u * (int(high) - int(low) + 1))
        value = low + u * (high - low)
    bounded = min(max(rounded(value), low), high)
    return round(bounded) if parameter.kind is Kind.INTEGER else bounded


def _typed(value: Value, parameter: Parameter) -> Value:
    """Return a stated value in the type of its kind."""
    if parameter.kind is Kind.INTEGER:
        return int(value)
    return rounded(float(value)) if parameter.kind is Kind.REAL else str(value)
