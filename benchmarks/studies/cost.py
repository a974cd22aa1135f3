"""Estimate how long a study takes on this machine when nothing else runs."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch

from benchmarks.studies.study import Job
from stemgmd_tools.augment.chain.rows import Example
from stemgmd_tools.augment.dataset import Batch
from stemgmd_tools.augment.symbolic.examples import LABEL_DTYPE
from stemgmd_tools.seeds import stream
from stemgmd_tools.separation.networks.registry import build
from stemgmd_tools.separation.training.loop.distributed import Ranks
from stemgmd_tools.separation.training.loop.trainer import Trainer
from stemgmd_tools.separation.training.settings.schema import SAMPLE_RATE, TrainConfig

NO_LABELS = np.empty(0, LABEL_DTYPE)
TIMED = 2
"""Repetitions, after one that is not counted."""
SEPARATED_S = 10.0
LOADING = 1.5
"""Time of a training over that of its steps alone: another process renders the next segments on the same cores, and
validations come on top. Measured on two cores."""
OVERHEAD_S = 5.0
"""Time to open the data of a training and of its evaluation."""


def estimated_s(jobs: Sequence[Job]) -> Iterator[float]:
    """Yield the estimated duration of each job, all times together; one network of each kind is timed."""
    known: dict[str, tuple[float, float]] = {}
    for job in jobs:
        seconds = job.other_s
        if job.config is not None:
            kind = _kind(job.config)
            if kind not in known:
                known[kind] = _timed(job.config)
            step_s, separation = known[kind]
            steps = job.config.budget.steps or 0
            seconds += OVERHEAD_S + steps * step_s * LOADING + job.evaluated_s * separation
        yield seconds * job.times


def _kind(config: TrainConfig) -> str:
    return f"{config.model!r} {config.loss!r} {config.optimizer!r} {config.precision} {config.data.segment_s}"


def _timed(config: TrainConfig) -> tuple[float, float]:
    """Return seconds of a step, and of separating a second of audio."""
    trainer = Trainer(config, Ranks(0, 1, torch.device("cpu")), build)
    items = config.optimizer.items // config.optimizer.accumulate
    steps = itertools.count()
    batch = _batch(config, items)

    def step() -> None:
        trainer.step(itertools.repeat(batch), next(steps), 1e-4, 0.0)

    mixture = _noise(1, 2, round(SEPARATED_S * SAMPLE_RATE))

    def separate() -> None:
        with torch.inference_mode():
            trainer.averaged.eval()(mixture)

    return _seconds(step), _seconds(separate) / SEPARATED_S


def _batch(config: TrainConfig, items: int) -> Batch:
    """Return noise as a batch without effects."""
    names = config.model.stem_names
    example = Example("noise", "noise", "noise", 1, 0, config.segment_frames, names)
    sound = _noise(items, len(names), 2, config.segment_frames)
    return Batch((example,) * items, ((),) * items, sound, (NO_LABELS,) * items, SAMPLE_RATE)


def _noise(*shape: int) -> torch.Tensor:
    return 0.1 * torch.from_numpy(stream(0, "noise").standard_normal(shape, "float32"))


def _seconds(work: Callable[[], None]) -> float:
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
