"""How near fitted kits come to their recordings: distances over the natural floor of the same kit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.realism.context import FITTED_KITS, Context
from benchmarks.realism.judged import SOUNDS, Distances, Float, JudgedKit, column, judged_kit, pooled
from benchmarks.realism.kit_sets import in_parallel
from benchmarks.realism.report import number
from benchmarks.realism.results import Section, Table
from benchmarks.results import Row
from stemgmd_tools.kits.library import load_kit
from stemgmd_tools.seeds import stream
from tools.prepared import PREPARED_MAPS

RATED_KITS: Final = ("salamander", "muldjord")
"""The rows rest on these: several repeats of each stroke, which are not nearly the same stroke."""
MEASURES: Final = {"mel": "mel_db", "attack": "attack_db", "envelope": "envelope_db", "fine": "fine_db"}

MEL_REACH: Final = {"kick": 1.3, "tom": 1.25}
MEL_REACH_OTHERS: Final = 1.1
MEL_P90_REACH: Final = 1.6
SHAPE_REACH: Final = 1.3
ENVELOPE_REACH: Final = {"kick": 1.6, "tom": 1.6}
FINE_REACH: Final = 1.4
LEFT_OUT_REACH: Final = 1.15
SPREAD_REACH: Final = (0.7, 1.3)
FIT_REACH_S: Final = 180.0
RESAMPLINGS: Final = 1000

TEXT: Final = """Five recorded kits are fitted. Each recording is compared with strokes of the fitted voice at the
velocity of its layer (one law over velocity for all layers), drawn by seeds that the fit has not seen, as a bank would
play them; the distances are those of `stemgmd_tools.similarity.distance`. A ratio is a recording's distance over the
natural floor: the median between two recordings of one layer of the same kit and kind of sound. Rows hold the median
(or the 90th percentile) over the recordings of salamander and muldjord, with the interval that holds 95 % of 1,000
bootstrap samples of the distances. A layer left out: the voice is fitted again without one inner layer of an
articulation that has at least four; the mel distance of its recordings from the model, over that from the layer of the
nearest velocity, median over all kits. Repeats: the distance between two strokes of the model over the natural
floor."""


def section(context: Context) -> Section:
    """Fit and measure.

    :raises Skipped: without recorded kits.
    """
    folders = context.training_folders()
    names = [folder.name for folder in folders if folder.name in FITTED_KITS]
    chosen = [name for name in names if name in RATED_KITS] if context.quick else names
    task = partial(_judged, root=folders[0].parent, quick=context.quick)
    kits = {kit.name: kit for kit in in_parallel(task, tuple(chosen), context.jobs)}
    return Section("Fits against recordings", TEXT, rows(kits), tables(kits))


def _judged(name: str, root: Path, *, quick: bool) -> JudgedKit:
    kit = load_kit(name, (PREPARED_MAPS, root))
    return judged_kit(kit, draws=1 if quick else 2, ends=not quick, most_left_out=1 if quick else 2)


def rows(kits: dict[str, JudgedKit]) -> list[Row]:
    """Return the rows of the proof."""
    collected: list[Row] = []
    for sound in SOUNDS:
        reach = MEL_REACH.get(sound, MEL_REACH_OTHERS)
        collected.append(_ratio(kits, sound, "mel", np.median, f"mel distance over repeats, {sound}", reach))
    for sound in SOUNDS:
        what = f"mel distance over repeats, 90th percentile, {sound}"
        collected.append(_ratio(kits, sound, "mel", _p90, what, MEL_P90_REACH))
    for measure in ("attack", "envelope", "fine"):
        for sound in SOUNDS:
            reach = FINE_REACH if measure == "fine" else SHAPE_REACH
            reach = ENVELOPE_REACH.get(sound, reach) if measure == "envelope" else reach
            collected.append(_ratio(kits, sound, measure, np.median, f"{measure} over repeats, {sound}", reach))
    for sound in SOUNDS:
        values = _gathered([one.left_out for one in pooled(kits, kits, sound)])
        collected.append(
            _row(f"layer left out over the next layer, {sound}", values, np.median, at_most=LEFT_OUT_REACH)
        )
    for sound in SOUNDS:
        values = _gathered([one.ratios("model_repeats", "mel_db") for one in pooled(kits, RATED_KITS, sound)])
        low, high = SPREAD_REACH
        collected.append(_row(f"repeats of the model over repeats, {sound}", values, np.median, low, high))
    slowest = max(kits.values(), key=lambda kit: kit.fit_s)
    note = f"processor time of the fit alone, longest: {slowest.name}"
    collected.append(Row("fit of a kit, one core", slowest.fit_s, "s", at_most=FIT_REACH_S, note=note))
    return collected


def _ratio(
    kits: dict[str, JudgedKit], sound: str, measure: str, of: Callable[[Float], object], what: str, reach: float
) -> Row:
    values = _gathered([one.ratios("model", MEASURES[measure]) for one in pooled(kits, RATED_KITS, sound)])
    return _row(what, values, of, at_most=reach)


def _row(
    what: str,
    values: Float,
    of: Callable[[Float], object],
    at_least: float | None = None,
    at_most: float | None = None,
) -> Row:
    """Return a row with its bootstrap interval; without a figure if there are no values."""
    if not len(values):
        return Row(what, None, at_least=at_least, at_most=at_most, note="no recordings to measure it on")
    draw = stream(0, "realism", "fits", what)
    again = [float(of(draw.choice(values, len(values)))) for _ in range(RESAMPLINGS)]  # type: ignore[arg-type]
    low, high = np.percentile(again, (2.5, 97.5))
    return Row(
        what,
        round(float(of(values)), 3),  # type: ignore[arg-type]
        low=round(float(low), 3),
        high=round(float(high), 3),
        at_least=at_least,
        at_most=at_most,
        note=f"{len(values)} distances",
    )


def _p90(values: Float) -> float:
    return float(np.percentile(values, 90))


def _gathered(parts: Sequence[Float] | Sequence[list[float]]) -> Float:
    return np.concatenate([np.asarray(part, dtype=np.float64) for part in parts]) if parts else np.empty(0)


def tables(kits: dict[str, JudgedKit]) -> list[Table]:
    """Return all figures of all kits."""
    return [_distances(kits), _ratios(kits), _laws(kits)]


def _median(values: Sequence[float] | Float) -> str:
    return number(float(np.median(values))) if len(values) else "-"


def _each(kits: dict[str, JudgedKit]) -> list[tuple[str, str, Distances]]:
    return [(kit.name, sound, kit.sounds[sound]) for kit in kits.values() for sound in SOUNDS if sound in kit.sounds]


def _table(
    title: str, columns: Sequence[str], kits: dict[str, JudgedKit], figures: Callable[[Distances], Iterable[str]]
) -> Table:
    """Return a table with a row for every sound of every kit."""
    lines = [(kit, sound, *figures(one)) for kit, sound, one in _each(kits)]
    return Table(title, ("kit", "sound", *columns), lines)


def _distances(kits: dict[str, JudgedKit]) -> Table:
    """Return the medians of the distances themselves."""
    columns = ("pairs", *(f"repeats {m}" for m in MEASURES), "recordings", *(f"model {m}" for m in MEASURES))

    def figures(one: Distances) -> Iterator[str]:
        for distances in (one.repeats, one.model):
            yield str(len(distances))
            yield from (_median(column(distances, measure)) for measure in MEASURES.values())

    return _table("Distances in dB, medians", columns, kits, figures)


def _ratios(kits: dict[str, JudgedKit]) -> Table:
    """Return what the rows are made of, kit by kit."""
    columns = ("mel", "mel, 90 %", "attack", "envelope", "fine", "next layer mel", "model repeats mel")

    def figures(one: Distances) -> Iterator[str]:
        mel = one.ratios("model", "mel_db")
        yield _median(mel)
        yield number(_p90(mel)) if len(mel) else "-"
        yield from (_median(one.ratios("model", MEASURES[measure])) for measure in ("attack", "envelope", "fine"))
        yield _median(one.ratios("neighbours", "mel_db"))
        yield _median(one.ratios("model_repeats", "mel_db"))

    title = "Over the natural floor of the kit, medians; - where no stroke was recorded twice"
    return _table(title, columns, kits, figures)


def _laws(kits: dict[str, JudgedKit]) -> Table:
    """Return how well velocity is followed."""
    columns = ("inner layer left out", "outermost layer left out", "nearer than the next layer", "level, dB")

    def figures(one: Distances) -> Iterator[str]:
        yield _median(one.left_out)
        yield _median(one.outermost)
        next_db = np.median(column(one.neighbours, "mel_db")) if one.neighbours else None
        yield "-" if next_db is None else f"{np.mean(column(one.model, 'mel_db') < next_db):.0%}"
        yield f"{np.median(one.level_db):+.1f} ({np.min(one.level_db):+.1f} .. {np.max(one.level_db):+.1f})"

    title = "Velocity: layers predicted, and the model's level minus the recordings'"
    return _table(title, columns, kits, figures)
