"""Test sets whose stems are shifted in time or in pitch."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.studies.cacophony import FAMILY, SOURCE, original, random
from benchmarks.studies.grid import sizes_of, spelled
from benchmarks.studies.segments import SegmentSets
from benchmarks.studies.study import Chart, Context, Job, Outcome, Series, Study
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.separation.evaluation.summary import Section
from stemgmd_tools.separation.training.ablate import Variant, folder_name
from stemgmd_tools.separation.training.loop.data import open_test
from stemgmd_tools.separation.training.settings.files import with_changes
from stemgmd_tools.separation.training.train import train

SEGMENTS_PER_PERFORMANCE = 8
SHIFTS_S = (0.03, 0.1, 0.3, 1.0)
SEMITONES = (1, 2, 3)
_ALIGNED = {"p_original": 0.0, "scope": "aligned"}
"""Original mixes; all sets hold the same ones, since draws depend on the scope."""
SETS: Mapping[str, Mapping[str, Any]] = {
    "original": _ALIGNED,
    **{f"time, {shift_s:g} s": {**_ALIGNED, "time_shift_s": shift_s} for shift_s in SHIFTS_S},
    **{
        f"pitch, {semitones} st, {pitch}": {**_ALIGNED, "pitch": pitch, "cents": 100.0 * semitones}
        for pitch in ("consistent", "inconsistent")
        for semitones in SEMITONES
    },
}


def variants() -> Sequence[Variant]:
    """Return the kinds of mixes that are trained on."""
    return [original(), random()]


def segments_of(context: Context) -> int:
    """Return the number of segments in each test set."""
    return SEGMENTS_PER_PERFORMANCE * context.size.performances


def jobs(context: Context) -> Sequence[Job]:
    """Return the trainings, with the scores on all test sets."""
    scored_s = segments_of(context) * context.config(0).data.segment_s * len(SETS)
    return [
        Job(one.name, context.config(0, one.changes), evaluated_s=scored_s, other_s=60.0, times=context.seeds)
        for one in variants()
    ]


def run(context: Context) -> Iterator[Outcome]:
    """Train, and score on every test set."""
    config = context.config(0)
    sets = SegmentSets(open_test(config.data, context.size.performances), config, segments_of(context))
    scores: dict[str, list[list[float]]] = {}
    for seed in range(context.seeds):
        for variant in variants():
            context.progress.say(f"{variant.name}, seed {seed}: training")
            out = context.folder(FAMILY, seed) / folder_name(variant.name)
            settings = with_changes(context.config(seed), variant.changes)
            weights = train(settings, out, progress=context.progress).weights
            context.progress.say(f"{variant.name}, seed {seed}: scoring on {counted(len(SETS), 'test set')}")
            records = {name: out / "shifted-tests" / f"{folder_name(name)}.json" for name in SETS}
            row = [sets.score_db(weights, mix, records[name]) for name, mix in SETS.items()]
            scores.setdefault(variant.name, []).append(row)
        yield _outcome(context, scores)


def _outcome(context: Context, scores: Mapping[str, Sequence[Sequence[float]]]) -> Outcome:
    columns, series = [], []
    for variant, rows in scores.items():
        mean, low, high = (getattr(np.asarray(rows), kind)(0).tolist() for kind in ("mean", "min", "max"))
        columns.append([spelled(*ends) for ends in zip(mean, low, high, strict=True)])
        series.append(Series(f"trained on {variant}", mean, low, high))
    note = (
        f"nSDR in dB, pooled over stems, on {segments_of(context)} fixed segments of each set, through training and "
        f"test kits; means over {counted(len(rows), 'seed')}, in brackets the lowest and the highest."
    )
    cells = [(name, *row) for name, row in zip(SETS, zip(*columns, strict=True), strict=True)]
    header = ("test set", *(f"trained on {variant}" for variant in scores))
    return Outcome(
        (Section("Scores on shifted test sets", note, header, cells), sizes_of(context)),
        Chart("stems of the test mixes", "nSDR, dB", tuple(SETS), series),
    )


STUDY = Study(
    "Shifted test sets",
    "Networks trained on original mixes (`p=1`) and on random mixes (`p=0`), tested on mixes whose stems are shifted "
    "by random times or pitches, up to those named: each by itself, or all alike (`consistent`).",
    f"{SOURCE}, sensitivity to beat and tonality",
    FAMILY,
    jobs,
    run,
)
