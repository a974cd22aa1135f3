"""Studies that train the variants of a setting and compare them on test clips, once for each seed."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from benchmarks.studies.study import Chart, Context, Job, Outcome, Series, Study, Variants
from stemgmd_tools.separation.evaluation.summary import Section
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.networks.separator import parameter_count
from stemgmd_tools.separation.training.ablate import Variant, ablate
from stemgmd_tools.separation.training.settings.schema import TrainConfig
from stemgmd_tools.separation.weights.shapes import unallocated

CLIP_S = 12.0
"""Typical length of a test clip of GMD that is cut at 20 s, to estimate durations."""
FIGURE = "nSDR, dB"
NOTE = (
    "Means over the seeds; in brackets the lowest and the highest of the seeds. Differences are to the first variant, "
    "of the same seed on the same clips. Pooled is the mean over all clips and stems, mean the mean over stems of "
    "their means."
)


def grid_study(
    title: str, text: str, source: str, family: str, variants: Variants, *, x: str, lines: bool = False
) -> Study:
    """Return a study of variants; the first is the reference.

    :param variants: returns them for a context. Their names are folders: one name means the same settings in all
        studies of the family.
    :param x: label of the variants in the picture.
    :param lines: the variants are ordered.
    """

    def jobs(context: Context) -> Sequence[Job]:
        return [
            Job(
                variant.name,
                context.config(0, variant.changes),
                json.dumps(variant.changes),
                evaluated_s(context),
                times=context.seeds,
            )
            for variant in variants(context)
        ]

    def run(context: Context) -> Iterator[Outcome]:
        grid, tables = variants(context), []
        for seed in range(context.seeds):
            folder, size = context.folder(family, seed), context.size
            context.progress.say(f"seed {seed} of {context.seeds}, {len(grid)} variants: {folder}")
            config = context.config(seed)
            tables.append(
                ablate(
                    config, grid, folder, limit=size.performances, max_s=size.max_s, progress=context.progress
                ).assign(seed=seed)
            )
            yield outcome(pd.concat(tables, ignore_index=True), context, grid, x, lines=lines)

    return Study(title, text, source, family, jobs, run)


def evaluated_s(context: Context) -> float:
    """Return about how many seconds of audio are separated to evaluate one training."""
    data = context.config(0).data
    kits = 10 if data.kits == ("train",) else len(data.kits) + len(data.test_kits)
    return context.size.performances * kits * min(context.size.max_s, CLIP_S)


def outcome(rows: pd.DataFrame, context: Context, grid: Sequence[Variant], x: str, *, lines: bool = False) -> Outcome:
    """Return tables and picture of ablations.

    :param rows: of :func:`stemgmd_tools.separation.training.ablate.table_of`, with a column ``seed``.
    """
    means = over_seeds(rows)
    header = ("variant", "kits", "stems", FIGURE, "against the first, dB", "clips", "seeds")
    cells = [_cells(row) for row in means.to_dict("records")]
    sections = (Section("Results", NOTE, header, cells), sizes_of(context, grid))
    return Outcome(sections, _chart(means, x, lines=lines))


def _cells(row: Mapping[Any, Any]) -> tuple[str, ...]:
    return (
        str(row["variant"]),
        str(row["kit_set"]),
        str(row["stems"]),
        spelled(row["db"], row["low"], row["high"]),
        spelled(row["difference_db"], row["difference_low"], row["difference_high"]),
        str(row["clips"]),
        str(row["seeds"]),
    )


def over_seeds(rows: pd.DataFrame) -> pd.DataFrame:
    """Return mean, lowest and highest over the seeds of every variant, set of kits and kind of mean, in their order."""
    keys = ["variant", "kit_set", "stems"]
    groups = rows.groupby(keys, sort=False)
    means = groups.agg(
        db=("db", "mean"),
        low=("db", "min"),
        high=("db", "max"),
        difference_db=("difference_db", "mean"),
        difference_low=("difference_db", "min"),
        difference_high=("difference_db", "max"),
        clips=("clips", "max"),
        seeds=("seed", "nunique"),
    )
    return means.reset_index()


def _chart(means: pd.DataFrame, x: str, *, lines: bool) -> Chart:
    """Return the picture of the figures pooled over clips and stems."""
    pooled = means[means["stems"] == "pooled"]
    ticks = list(dict.fromkeys(pooled["variant"]))
    series = []
    for kits, part in pooled.groupby("kit_set", sort=True):
        ordered = part.set_index("variant").reindex(ticks)
        columns = (ordered[name].astype(float).tolist() for name in ("db", "low", "high"))
        series.append(Series(f"kits: {kits}", *columns))
    return Chart(x, FIGURE, ticks, series, lines)


def spelled(mean: float, low: float, high: float) -> str:
    """Return a figure with the ends of its interval, if there is one."""
    if np.isnan(mean):
        return "–"
    return f"{mean:.2f}" + ("" if low == high else f" [{low:.2f}, {high:.2f}]")


def sizes_of(context: Context, grid: Sequence[Variant] = ()) -> Section:
    """Return the table of what was trained on what."""
    config = context.config(0)
    own = {variant.name: context.config(0, variant.changes) for variant in grid if "model" in variant.changes}
    networks = {f"network of {name}": model_text(changed) for name, changed in own.items()}
    if len(own) < len(grid) or not grid:
        networks = {"network": model_text(config), **networks}
    rows = [
        *networks.items(),
        (
            "training",
            f"{context.size.steps:,} steps of {config.optimizer.items} segments of {config.data.segment_s:g} s",
        ),
        ("training kits", ", ".join(config.data.kits)),
        ("seeds", str(context.seeds)),
        ("test", f"{context.size.performances} performances, at most {context.size.max_s:g} s of each"),
    ]
    return Section("Sizes", "", ("what", "how much"), rows)


def model_text(config: TrainConfig) -> str:
    """Return a network with its options and number of weights."""
    model = config.model
    spec = ModelSpec(model.name, model.stem_names, dict(model.options))
    options = "".join(f", {name} {value}" for name, value in model.options.items())
    return f"{model.name}{options}: {parameter_count(unallocated(spec, build)):,} weights"
