"""How networks trained on original and on random mixes do on both kinds while they are trained."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.studies.cacophony import SOURCE, original, random
from benchmarks.studies.grid import sizes_of, spelled
from benchmarks.studies.segments import ORIGINAL, RANDOM, SegmentSets
from benchmarks.studies.study import Chart, Context, Job, Outcome, Series, Study
from stemgmd_tools.errors import UsageError
from stemgmd_tools.runtime.quantities import counted
from stemgmd_tools.separation.evaluation.summary import Section
from stemgmd_tools.separation.training.ablate import Variant, folder_name
from stemgmd_tools.separation.training.loop.data import open_data
from stemgmd_tools.separation.training.settings.files import with_changes
from stemgmd_tools.separation.training.settings.schema import TrainConfig
from stemgmd_tools.separation.training.train import train
from stemgmd_tools.storage.files import write_bytes

FAMILY = "cacophony-dynamics"
POINTS = 8
"""Steps at which a training is scored, evenly spaced."""
SEGMENTS = 48
"""Segments in each set."""
SETS = {
    "training, original": ("train", ORIGINAL),
    "training, random": ("train", RANDOM),
    "validation, original": ("validation", ORIGINAL),
    "validation, random": ("validation", RANDOM),
}
EVEN = {
    "schedule": {"name": "constant", "warm_up": 0.0},
    "loss": {"floor": [1e-6, 1e-6]},
    "validation": {"items": 0},
}
"""Nothing follows the spent share of the budget, so that a shorter run is the beginning of a longer one."""


def variants() -> Sequence[Variant]:
    """Return the kinds of mixes that are trained on."""
    return [original(), random()]


def config_of(context: Context, variant: Variant, seed: int, steps: int) -> TrainConfig:
    """Return the settings of a training up to a step."""
    return with_changes(with_changes(context.config(seed, EVEN), variant.changes), {"budget": {"steps": steps}})


def points(context: Context) -> list[int]:
    """Return the steps at which a training is scored."""
    count = min(POINTS, context.size.steps)
    return [round(context.size.steps * number / count) for number in range(1, count + 1)]


def jobs(context: Context) -> Sequence[Job]:
    """Return the trainings, with all their scores."""
    segments = min(SEGMENTS, 4 * context.size.performances)
    scored_s = segments * context.config(0).data.segment_s * len(SETS) * len(points(context))
    return [
        Job(
            one.name,
            config_of(context, one, 0, context.size.steps),
            evaluated_s=scored_s,
            other_s=60.0,
            times=context.seeds,
        )
        for one in variants()
    ]


def run(context: Context) -> Iterator[Outcome]:
    """Train to each point and score there."""
    config = context.config(0)
    data = open_data(config.data)
    if data.validation is None:
        raise UsageError("the performances hold none for validation; give a source that holds some with --gmd")
    segments = min(SEGMENTS, 4 * context.size.performances)
    sources = {
        "train": SegmentSets(data.train, config, segments),
        "validation": SegmentSets(data.validation, config, segments),
    }
    scores: dict[tuple[str, str], list[list[float]]] = {}
    for seed in range(context.seeds):
        for variant in variants():
            for name, curve in _curves(context, variant, seed, sources).items():
                scores.setdefault((variant.name, name), []).append(curve)
        yield _outcome(context, scores, segments)


def _curves(context: Context, variant: Variant, seed: int, sources: dict[str, SegmentSets]) -> dict[str, list[float]]:
    """Return the scores of one training on each set, at each point."""
    out = context.folder(FAMILY, seed) / folder_name(variant.name)
    curves: dict[str, list[float]] = {name: [] for name in SETS}
    for step in points(context):
        weights = _weights(context, variant, seed, step, out)
        for name, (source, mix) in SETS.items():
            record = out / "scores" / f"{folder_name(name)}-{step}.json"
            curves[name].append(sources[source].score_db(weights, mix, record))
        context.progress.say(f"{variant.name}, seed {seed}, step {step}: {curves[name][-1]:.2f} dB on {name}")
    return curves


def _weights(context: Context, variant: Variant, seed: int, step: int, out: Path) -> Path:
    """Return a copy of the weights after a step; trains to it if there is none yet."""
    path = out / "points" / f"{step}.safetensors"
    if not path.is_file():
        result = train(config_of(context, variant, seed, step), out, progress=context.progress)
        write_bytes(path, result.weights.read_bytes())
    return path


def _outcome(context: Context, scores: dict[tuple[str, str], list[list[float]]], segments: int) -> Outcome:
    ticks = [f"{step:,}" for step in points(context)]
    rows, series = [], []
    for (variant, name), curves in scores.items():
        mean, low, high = (getattr(np.asarray(curves), kind)(0).tolist() for kind in ("mean", "min", "max"))
        rows.append((variant, name, *(spelled(*ends) for ends in zip(mean, low, high, strict=True))))
        series.append(Series(f"{variant}; {name}", mean, low, high))
    note = (
        f"nSDR in dB, pooled over stems, on {segments} fixed segments of each set; means over "
        f"{counted(len(curves), 'seed')}, in brackets the lowest and the highest."
    )
    header = ("trained on", "set", *(f"step {tick}" for tick in ticks))
    return Outcome(
        (Section("Scores during training", note, header, rows), sizes_of(context)),
        Chart("step", "nSDR, dB", ticks, series, lines=True),
    )


STUDY = Study(
    "Training dynamics",
    "Networks trained on original mixes (`p=1`) and on random mixes (`p=0`), scored during their training on original "
    "and random mixes of the training and of the validation performances. The learning rate is constant.",
    f"{SOURCE}, training dynamics",
    FAMILY,
    jobs,
    run,
)
