"""Speed of all models on this machine: one more row for each in a table that other machines have written to."""

from __future__ import annotations

import csv
import importlib.metadata
import io
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch

from benchmarks.baseline.results import ROOT, commit_of
from benchmarks.clock import OtherLoad, in_turn
from benchmarks.results import machine
from benchmarks.separation import NOISE_S, ways
from benchmarks.studies.larsnet import SOURCE
from benchmarks.studies.study import DEFAULT, Chart, Context, Job, Outcome, Series, Study
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.evaluation.summary import Section
from stemgmd_tools.separation.networks.registry import model_names
from stemgmd_tools.separation.networks.separator import parameter_count
from stemgmd_tools.separation.training.settings.schema import SAMPLE_RATE
from stemgmd_tools.storage.files import write_bytes

TABLE = "speed.csv"
TOY_NOISE_S = 1.0
REPEATS = 3
COLUMNS = (
    "machine",
    "threads",
    "model",
    "precision",
    "weights",
    "real-time factor",
    "x real time",
    "other load",
    "torch",
    "commit",
)
Row = Mapping[str, str]


def measured(noise_s: float, repeats: int) -> Iterator[Row]:
    """Yield a row for each model and precision, on the GPU if there is one, else on the processor's threads."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    about = machine()
    where = torch.cuda.get_device_name() if device == "cuda" else about["processor"]
    threads = "" if device == "cuda" else str(torch.get_num_threads())
    frames = round(noise_s * SAMPLE_RATE)
    noise = 0.1 * torch.from_numpy(stream(0, "noise").standard_normal((2, frames), "float32"))
    versions = {"torch": importlib.metadata.version("torch"), "commit": commit_of(ROOT)}
    for name in model_names():
        others = OtherLoad()
        model, works = ways(name, noise, device)
        weights = f"{parameter_count(model):,}"
        timings = in_turn([*works.values()], repeats)
        share = others.share()
        load = {"other load": "" if share is None else f"{share:.0%}"}
        for work, timing in zip(works, timings, strict=True):
            factor = timing.wall_s / noise_s
            factors = {"real-time factor": f"{factor:.4g}", "x real time": f"{1.0 / factor:.3g}"}
            precision = "bf16" if work.endswith("bfloat16") else "fp32"
            kind = {"machine": where, "threads": threads, "model": name, "precision": precision, "weights": weights}
            yield {**kind, **factors, **load, **versions}


def appended(path: Path, rows: Sequence[Row]) -> list[Row]:
    """Add rows to a table; return all."""
    before: list[Row] = []
    if path.is_file():
        with path.open(encoding="utf-8", newline="") as file:
            before = list(csv.DictReader(file))
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows([*before, *rows])
    write_bytes(path, text.getvalue().encode())
    return [*before, *rows]


def jobs(context: Context) -> Sequence[Job]:
    """Return one measurement for each model."""
    seconds = 60.0 if context.size == DEFAULT else 5.0
    return [Job(name, None, "both precisions", other_s=seconds) for name in model_names()]


def run(context: Context) -> Iterator[Outcome]:
    """Measure this machine."""
    whole = context.size == DEFAULT
    noise_s, repeats = (NOISE_S, REPEATS) if whole else (TOY_NOISE_S, 1)
    rows = appended(context.results / TABLE, list(measured(noise_s, repeats)))
    note = (
        f"Seconds that the separation of a second takes (real-time factor) and its inverse, five stems, {noise_s:g} s "
        f"of noise, median of {repeats}; other load is the share of the machine that other processes used. Rows "
        "without threads are of a GPU."
    )
    section = Section("Speed", note, COLUMNS, [tuple(row[column] for column in COLUMNS) for row in rows])
    names = [f"{row['model']}, {row['precision']}\n{row['machine']}" for row in rows]
    bars = Series("", [float(row["x real time"]) for row in rows])
    yield Outcome((section,), Chart("", "x real time", names, [bars]))


STUDY = Study(
    "Speed on any machine",
    "How long each model takes to separate. Each run appends the rows of the machine that it is run on.",
    f"{SOURCE}, 62.5 times real time on a Titan V, 0.15 of real time on a Xeon",
    "speed",
    jobs,
    run,
)
