"""Sparse and dense attention over the length of a segment: time and memory."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from benchmarks.studies.htdemucs import FAMILY, SOURCE
from benchmarks.studies.htdemucs.attention_cost import PUBLISHED, STORED, WAYS, Cost, Shape, measured, places
from benchmarks.studies.study import DEFAULT, Chart, Context, Job, Outcome, Series, Study
from stemgmd_tools.separation.evaluation.summary import Section
from stemgmd_tools.storage.files import write_bytes

LENGTHS_S = (3.4, 7.8, 12.2, 24.4)
"""The first three are those of the paper."""
TOY_LENGTHS_S = (0.5, 1.0)
SHAPE = Shape(width=192, heads=8, layers=3)
TOY_SHAPE = Shape(width=16, heads=2, layers=2)
STORED_UP_TO_S = 12.2
"""Longer segments would take more than 10 GB with all scores kept."""
COST_S = 60.0
"""Upper estimate of one measurement."""


def grid(context: Context) -> list[tuple[str, float]]:
    """Return ways and lengths, short ones first."""
    lengths = LENGTHS_S if context.size == DEFAULT else TOY_LENGTHS_S
    return [(way, length) for length in lengths for way in WAYS if way != STORED or length <= STORED_UP_TO_S]


def jobs(context: Context) -> Sequence[Job]:
    """Return a job for each way and length."""
    other_s = COST_S if context.size == DEFAULT else 5.0
    return [Job(_key(way, length), None, other_s=other_s) for way, length in grid(context)]


def run(context: Context) -> Iterator[Outcome]:
    """Measure what was not measured yet."""
    path = context.work / context.size.name / "attention" / "costs.json"
    costs = _read(path)
    for way, length in grid(context):
        key = _key(way, length)
        if key not in costs:
            context.progress.say(key)
            costs[key] = measured(way, length, SHAPE if context.size == DEFAULT else TOY_SHAPE)
            write_bytes(path, json.dumps({name: cost._asdict() for name, cost in costs.items()}).encode())
        yield outcome(costs, context)


def outcome(costs: Mapping[str, Cost], context: Context) -> Outcome:
    """Return table and picture of what was measured so far."""
    lengths = sorted({length for _, length in grid(context)})
    cells = []
    for length in lengths:
        rows, columns, line = places(length)
        own = [costs.get(_key(way, length)) for way in WAYS]
        cells.append((f"{length:g}", f"{rows * columns:,} and {line:,}", *map(_spelled, own)))
    shape = SHAPE if context.size == DEFAULT else TOY_SHAPE
    note = (
        f"CPU seconds and memory of a training step of one segment: a transformer of {shape.width} features, "
        f"{shape.heads} heads and {shape.layers} layers, forward and backward, every attention {PUBLISHED.share:.0%} "
        f"sparse ({PUBLISHED.rounds} rounds, {PUBLISHED.buckets} buckets) or dense. Fused attention does not keep the "
        "scores of all pairs. Attention that is not fused, as at the time of the paper, keeps them for the backward "
        "pass."
    )
    header = ("segment, s", "places of spectra and of sound", *WAYS)
    series = [Series(way, [_memory(costs.get(_key(way, length))) for length in lengths]) for way in WAYS]
    chart = Chart(
        "length of the segment, s", "peak memory of a step, MB", [f"{one:g}" for one in lengths], series, True
    )
    return Outcome((Section("Results", note, header, cells),), chart)


def _key(way: str, length: float) -> str:
    return f"{way}, {length:g} s"


def _read(path: Path) -> dict[str, Cost]:
    if not path.is_file():
        return {}
    return {name: Cost(**cost) for name, cost in json.loads(path.read_text(encoding="utf-8")).items()}


def _memory(cost: Cost | None) -> float:
    return math.nan if cost is None else cost.peak_mb


def _spelled(cost: Cost | None) -> str:
    return "–" if cost is None else f"{cost.cpu_s:.1f} s, {cost.peak_mb:,.0f} MB"


STUDY = Study(
    "Sparse attention: time and memory over length",
    "The option `sparsity` of `htdemucs-s` at 0.9 beside dense attention. It is plain PyTorch: it leaves pairs out of "
    "the softmax, but computes the scores of all of them, a part at a time. The kernels of the paper, which skip them, "
    "were not published.",
    f"{SOURCE}, sparse attention",
    FAMILY,
    jobs,
    run,
)
