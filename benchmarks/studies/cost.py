"""Estimate how long a study takes on this machine when nothing else runs."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from benchmarks.studies.study import Job
from stemgmd_tools.augment.chain.chain import load_chain
from stemgmd_tools.augment.chain.rows import Example, Row
from stemgmd_tools.augment.dataset import Batch
from stemgmd_tools.augment.sampling.activity import Activity
from stemgmd_tools.augment.sampling.draw import draw
from stemgmd_tools.augment.sampling.pool import Pool, PoolKit, PoolPerformance
from stemgmd_tools.augment.sampling.random_mixing import draw_mix, mix_rows
from stemgmd_tools.augment.symbolic.examples import LABEL_DTYPE
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.networks.registry import build
from stemgmd_tools.separation.training.loop.distributed import Ranks
from stemgmd_tools.separation.training.loop.trainer import Trainer
from stemgmd_tools.separation.training.settings.schema import SAMPLE_RATE, TrainConfig

NO_LABELS = np.empty(0, LABEL_DTYPE)
NOISE_POOL = Pool(
    (PoolKit("one", "train"), PoolKit("two", "train")),
    (PoolPerformance("noise", "train", 120.0, "rock", 60.0),),
    SAMPLE_RATE,
    Activity({}),
)
"""What effects are drawn from."""
EFFECT_BATCHES = 4
TIMED = 2
"""Repetitions, after one that is not counted."""
SEPARATED_S = 10.0
LOADING = 1.5
"""Time of a training over that of its steps alone: another process renders the next segments on the same cores, and
validations come on top. Measured on two cores."""
MEASURING = 0.03
"""Time of rendering and measuring evaluated audio over its length, without its separation."""
OVERHEAD_S = 10.0
"""Time to open the data of a training and of its evaluation."""


def estimated_s(jobs: Sequence[Job]) -> Iterator[float]:
    """Yield the estimated duration of each job, all times together.

    Networks and effects of each kind are timed once.
    """
    networks: dict[str, tuple[float, float]] = {}
    effects: dict[str, float] = {}
    for job in jobs:
        seconds = job.other_s
        if job.config is not None:
            config, kind, augmentation = (
                job.config,
                _kind(job.config),
                f"{job.config.data.chain} {job.config.data.mix!r}",
            )
            if kind not in networks:
                networks[kind] = _network_s(config)
            if augmentation not in effects:
                effects[augmentation] = _effects_s(config)
            step_s, separation = networks[kind]
            loaded_s = (config.budget.steps or 0) * (step_s + effects[augmentation]) * LOADING
            seconds += OVERHEAD_S + loaded_s + job.evaluated_s * (separation + MEASURING)
        yield seconds * job.times


def _kind(config: TrainConfig) -> str:
    return f"{config.model!r} {config.loss!r} {config.optimizer!r} {config.precision} {config.data.segment_s}"


def _network_s(config: TrainConfig) -> tuple[float, float]:
    """Return seconds of a step without effects, and of separating a second of audio."""
    trainer = Trainer(config, Ranks(0, 1, torch.device("cpu")), build)
    steps = itertools.count()
    batch = _batch(config, augmented=False)

    def step() -> None:
        trainer.step(itertools.repeat(batch), next(steps), 1e-4, 0.0)

    mixture = _noise(1, 2, round(SEPARATED_S * SAMPLE_RATE))

    def separate() -> None:
        with torch.inference_mode():
            trainer.averaged.eval()(mixture)

    return _seconds(step), _seconds(separate) / SEPARATED_S


def _effects_s(config: TrainConfig) -> float:
    """Return the seconds of the effects of a step, over more segments than one has, since effects are random."""
    batch = _batch(config, augmented=True, more=EFFECT_BATCHES)
    return config.optimizer.accumulate * _seconds(batch.augmented) / EFFECT_BATCHES


def _batch(config: TrainConfig, *, augmented: bool, more: int = 1) -> Batch:
    """Return noise as a batch, with the effects of the chain and of the mixes or without."""
    stems, frames = config.model.stem_names, config.segment_frames
    items = config.optimizer.items // config.optimizer.accumulate * more
    chain, examples, rows = load_chain(config.data.chain), [], []
    for number in range(items):
        example = Example(f"noise+{number}", "noise", "one", 1, 0, frames, stems, config.data.target)
        mix: tuple[Row, ...] = ()
        if config.data.mix is not None:
            parts = draw_mix(config.data.mix, number, stems, frames, NOISE_POOL, 0, NOISE_POOL.activity)
            mix = mix_rows(parts, example, config.data.mix, SAMPLE_RATE)
        first = len(mix)
        drawn = draw(chain, example, NOISE_POOL, 0)
        examples.append(example)
        rows.append((*mix, *(row._replace(step=row.step + first) for row in drawn)) if augmented else ())
    sound = _noise(items, len(stems), 2, frames)
    return Batch(tuple(examples), tuple(rows), sound, (NO_LABELS,) * items, SAMPLE_RATE)


def _noise(*shape: int) -> torch.Tensor:
    return 0.1 * torch.from_numpy(stream(0, "noise").standard_normal(shape, "float32"))


def _seconds(work: Callable[[], object]) -> float:
    """Return the time that a piece of work takes on an idle machine: CPU time of one thread over the threads.

    Several threads would wait for each other on a busy machine, which costs CPU time.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        work()
        before = time.process_time()
        for _ in range(TIMED):
            work()
        return (time.process_time() - before) / TIMED / threads
    finally:
        torch.set_num_threads(threads)
