"""A small separator learns from recorded, shipped, random and endless kits, and is tested on kits kept out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from benchmarks.realism import masks, network
from benchmarks.realism.context import Context
from benchmarks.realism.excerpts import articulations, excerpts, fullest, render_groups
from benchmarks.realism.kit_sets import RANDOM_KITS, in_parallel, kit_named, random_names, shipped_names
from benchmarks.realism.results import Section, Skipped, Table
from benchmarks.realism.sounds import light
from benchmarks.realism.test_kits import kit_of
from benchmarks.results import Row
from stemgmd_tools.kits.bank.bank import Bank
from stemgmd_tools.kits.bank.cache import open_bank
from stemgmd_tools.kits.bank.compile import compile_bank
from stemgmd_tools.performances.types import Performance
from stemgmd_tools.pieces import GROUPS
from stemgmd_tools.seeds import stream

TRAIN_EXCERPTS: Final = 96
ROUNDS: Final = 2
"""How often each training excerpt is rendered, through another kit of the set each time."""
TEST_EXCERPTS: Final = 16
SEEDS: Final = 5
ASK_EVERY: Final = 3
LIGHT_VELOCITIES: Final = (30, 75, 115)
LIGHT_S: Final = 4.0
"""Longest one-shot of a random kit's light bank."""
SHIPPED_REACH_DB: Final = -0.3

TEXT: Final = """A perceptron with two hidden layers of 192 hears 40 mel bands x 12 frames of 11.6 ms and masks five
stems (kick, snare, toms, hihat, cymbals). It learns from 96 excerpts of 10 s of the training split, each rendered
twice through kits drawn from the set; 1,500 steps of 512 frames, the same excerpts and the same budget for every set.
Random kits are drawn from the space of the ten; *endless* is a new one for every rendering of a seed. They play from
light banks: three velocity layers, one variation, one-shots of at most 4 s. The test is 16 excerpts of the test split
(those in which most stems play, of 64 drawn) through each of the recorded kits kept out. The figure is the median
over excerpts and kits of the signal-to-distortion ratio of each stem that is above -40 dB re the mixture, and the
mean over the five stems; SDRi is that over the mixture itself. Every set is learnt from with the same seeds; seeds
change the excerpts, the kits, the first weights and the order. Intervals are 95 % of Student's t over the seeds;
differences are taken seed by seed."""


class Part(NamedTuple):
    """What one kit renders: excerpts by seed and place."""

    kit: str | Path
    """Name, or folder of a recorded kit."""
    excerpts: tuple[tuple[int, int, Performance], ...]
    """Seed, number of the example, performance."""
    light: bool


class Scores(NamedTuple):
    """SDR in dB of everything that was separated."""

    sdr_db: NDArray[np.float64]
    """(separators, items, 5); NaN where the stem is absent."""
    mixture_db: NDArray[np.float64]
    """(items, 5) of the mixture as the estimate."""
    oracle_db: NDArray[np.float64]
    """(items, 5) of the best mask on the grid."""
    kit: NDArray[np.intp]
    """(items,)"""


def section(context: Context) -> Section:
    """Measure.

    :raises Skipped: without recorded kits.
    """
    seeds = 2 if context.quick else SEEDS
    trainings = [_training_excerpts(context, seed) for seed in range(seeds)]
    test = fullest(excerpts(context.gmd, "test", TEST_EXCERPTS * 4, 0), 4 if context.quick else TEST_EXCERPTS)
    sets, note = _sets(context)
    maskers: list[network.Masker] = []
    for name, kits in sets.items():
        examples = _examples(name, kits, trainings, context)
        maskers += in_parallel(partial(_trained, quick=context.quick), list(enumerate(examples)), context.jobs)
    scores = _tested(maskers, test, context)
    names = list(sets)
    by_set = {name: scores.sdr_db[index * seeds : (index + 1) * seeds] for index, name in enumerate(names)}
    return Section("Mask separator", TEXT, _rows(by_set, scores, note), _tables(by_set, scores, context))


def _training_excerpts(context: Context, seed: int) -> list[Performance]:
    return excerpts(context.gmd, "train", 8 if context.quick else TRAIN_EXCERPTS, seed)


def _sets(context: Context) -> tuple[dict[str, tuple[str | Path, ...]], str]:
    """Return the kits of each set, and why there are no random ones if there are none."""
    sets: dict[str, tuple[str | Path, ...]] = {
        "recorded": context.training_folders(),
        "ten shipped": shipped_names(quick=context.quick),
    }
    try:
        kit_named(random_names()[0])
    except Skipped as reason:
        return sets, str(reason)
    sets["100 random"] = random_names(quick=context.quick)
    count = 8 if context.quick else TRAIN_EXCERPTS * ROUNDS
    sets["endless"] = random_names(first=RANDOM_KITS + 1, count=count)
    return sets, ""


def _examples(
    name: str, kits: Sequence[str | Path], trainings: Sequence[Sequence[Performance]], context: Context
) -> list[list[network.Example]]:
    """Return the training examples of one set by seed: every excerpt as often as there are rounds."""
    rounds = 1 if context.quick else ROUNDS
    parts: dict[int, list[tuple[int, int, Performance]]] = {}
    for seed, performances in enumerate(trainings):
        count = len(performances) * rounds
        for place, kit in enumerate(_kits_of_examples(count, len(kits), seed).tolist()):
            parts.setdefault(kit, []).append((seed, place, performances[place % len(performances)]))
    tasks = [Part(kits[kit], tuple(rows), "random" in name or name == "endless") for kit, rows in parts.items()]
    by_seed: list[dict[int, network.Example]] = [{} for _ in trainings]
    for examples in in_parallel(_rendered, tasks, context.jobs):
        for seed, place, example in examples:
            by_seed[seed][place] = example
    return [[by_place[place] for place in sorted(by_place)] for by_place in by_seed]


def _kits_of_examples(count: int, kits: int, seed: int) -> NDArray[np.intp]:
    """Return the kit of each example: all equally often, up to one, in an order drawn by chance."""
    draw = stream(seed, "realism", "kits", count, kits)
    order = [draw.permutation(kits) for _ in range(-(-count // kits))]
    return np.concatenate(order)[:count]


def _bank(kit: str | Path, performances: Sequence[Performance], *, is_light: bool) -> Bank:
    if isinstance(kit, Path):
        return open_bank(kit_of(kit))
    if not is_light:
        return open_bank(kit_named(kit))
    only = articulations(performances)
    return compile_bank(light(kit_named(kit), LIGHT_VELOCITIES, only=only, longest_s=LIGHT_S))


def _rendered(part: Part) -> list[tuple[int, int, network.Example]]:
    """Return the examples that one kit renders, by seed and place."""
    bank = _bank(part.kit, [performance for _, _, performance in part.excerpts], is_light=part.light)
    return [(seed, place, example(render_groups(performance, bank))) for seed, place, performance in part.excerpts]


def example(stems: masks.Audio) -> network.Example:
    """Return five stems, shape (5, frames), as a training example."""
    mixture = masks.mel_power(masks.stft(stems.sum(axis=0)))
    powers = np.stack([masks.mel_power(masks.stft(stem, ASK_EVERY)) for stem in stems])
    asked = np.arange(0, len(mixture), ASK_EVERY, dtype=np.int32)
    return network.Example(masks.log_mel(mixture).astype(np.float16), masks.shares(powers).astype(np.float16), asked)


def _trained(task: tuple[int, list[network.Example]], *, quick: bool) -> network.Masker:
    seed, examples = task
    return network.trained(examples, seed, 60 if quick else network.STEPS)


def _tested(maskers: Sequence[network.Masker], test: Sequence[Performance], context: Context) -> Scores:
    """Return how well each separator does on each test excerpt through each test kit."""
    folders = context.test_folders()
    figures = in_parallel(partial(_tested_on, maskers=maskers, test=test), folders, min(context.jobs, len(folders)))
    sdr_db, mixture_db, oracle_db = (np.concatenate(parts, axis=-2) for parts in zip(*figures, strict=True))
    return Scores(sdr_db, mixture_db, oracle_db, np.repeat(np.arange(len(folders)), len(test)))


def _tested_on(
    folder: Path, maskers: Sequence[network.Masker], test: Sequence[Performance]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the SDR of each separator (separators, excerpts, 5), of the mixture and of the best mask."""
    bank = open_bank(kit_of(folder))
    items = [_judged(render_groups(performance, bank), maskers) for performance in test]
    sdr_db, mixture_db, oracle_db = (np.stack(parts) for parts in zip(*items, strict=True))
    return np.swapaxes(sdr_db, 0, 1), mixture_db, oracle_db


def _judged(
    stems: masks.Audio, maskers: Iterable[network.Masker]
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Return the SDR of each separator (separators, 5), of the mixture (5,) and of the best mask (5,)."""
    length = stems.shape[1]
    spectra = [masks.stft(stem) for stem in stems]
    mixture = np.sum(spectra, axis=0)
    hears = masks.log_mel(masks.mel_power(mixture))
    best = masks.shares(np.stack([masks.mel_power(spectrum) for spectrum in spectra]))

    def judged(mask: NDArray[np.float32]) -> NDArray[np.float64]:
        return masks.sdr_db(stems, masks.separated(mixture, mask, length))

    separated = [judged(network.masks_of(masker, hears)) for masker in maskers]
    as_it_is = masks.sdr_db(stems, np.broadcast_to(stems.sum(axis=0), stems.shape))
    return np.stack(separated), as_it_is, judged(best)


def _by_stem(sdr_db: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the median over the items, shape (..., 5), of what has the shape (..., items, 5)."""
    return np.asarray(np.nanmedian(sdr_db, axis=-2))


def _interval(values: NDArray[np.float64]) -> tuple[float, float]:
    """Return the 95 % interval of the mean of a few values."""
    half = student.ppf(0.975, len(values) - 1) * values.std(ddof=1) / np.sqrt(len(values))
    return round(float(values.mean() - half), 2), round(float(values.mean() + half), 2)


def _rows(by_set: dict[str, NDArray[np.float64]], scores: Scores, note: str) -> list[Row]:
    means = {name: _by_stem(sdr_db).mean(axis=-1) for name, sdr_db in by_set.items()}
    count = len(next(iter(means.values())))
    about = f"{count} seeds, {len(scores.kit)} test items"
    rows = []
    for name, values in means.items():
        rows.append(Row(f"separator learnt from {name}", round(float(values.mean()), 2), "dB", *_interval(values)))
    gap = means["ten shipped"] - means["recorded"]
    title = "separator, shipped kits minus recordings"
    rows.append(Row(title, round(float(gap.mean()), 2), "dB", *_interval(gap), SHIPPED_REACH_DB, note=about))
    better = max("recorded", "ten shipped", key=lambda name: float(means[name].mean()))
    for name in ("100 random", "endless"):
        title = f"separator, {name} kits minus the better of recordings and shipped"
        if name not in means:
            rows.append(Row(title, None, "dB", at_least=0.0, note=note))
            continue
        gap = means[name] - means[better]
        rows.append(Row(title, round(float(gap.mean()), 2), "dB", *_interval(gap), 0.0, note=f"better: {better}"))
    return rows


def _tables(by_set: dict[str, NDArray[np.float64]], scores: Scores, context: Context) -> list[Table]:
    rows = []
    for name, sdr_db in by_set.items():
        stems = _by_stem(sdr_db).mean(axis=0)
        gain = _by_stem(sdr_db - scores.mixture_db).mean()
        rows.append((name, *(f"{one:.1f}" for one in stems), f"{stems.mean():.2f}", f"{gain:.2f}"))
    best = _by_stem(scores.oracle_db)
    gain = _by_stem(scores.oracle_db - scores.mixture_db).mean()
    rows.append(("best mask", *(f"{one:.1f}" for one in best), f"{best.mean():.2f}", f"{gain:.2f}"))
    header = ("learnt from", *(group.value for group in GROUPS), "mean", "SDRi")
    tables = [Table("Median SDR in dB by stem, mean over the seeds", header, rows)]
    kits = [folder.name for folder in context.test_folders()]
    each = [
        (name, *(f"{_by_stem(sdr_db[:, scores.kit == kit]).mean():.2f}" for kit in range(len(kits))))
        for name, sdr_db in by_set.items()
    ]
    return [*tables, Table("By test kit, mean of the stems", ("learnt from", *kits), each)]
