"""Run or resume a training.

A step is determined by the settings and its number: items, augmentations and dropout are drawn from named streams, so
that a resumed run gives the same losses as an uninterrupted one.
"""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from stemgmd_tools.augment.dataset import Batch
from stemgmd_tools.corpus.render.execute import worker_count
from stemgmd_tools.runtime.interrupts import Interrupt, interrupts
from stemgmd_tools.runtime.progress import Progress, Silent
from stemgmd_tools.separation.inference.allocator import enough_memory
from stemgmd_tools.separation.networks.registry import build
from stemgmd_tools.separation.training.loop.batches import PartSampler, loading_workers, part_loader
from stemgmd_tools.separation.training.loop.data import (
    EPOCH_ITEMS,
    TrainingData,
    bank_engine_of,
    kit_names_of,
    open_data,
    prepare,
    train_segments,
    validation_segments,
)
from stemgmd_tools.separation.training.loop.distributed import Ranks, ranks_of
from stemgmd_tools.separation.training.loop.trainer import Make, Trainer
from stemgmd_tools.separation.training.loop.validate import Validation, ValidationResult
from stemgmd_tools.separation.training.optimization.schedule import factor, progress_of
from stemgmd_tools.separation.training.run.checkpoint import State, read_state, restore, save_state
from stemgmd_tools.separation.training.run.checks import require_budget, require_drawable, require_writable
from stemgmd_tools.separation.training.run.folder import RunFolder
from stemgmd_tools.separation.training.run.reporter import Reporter
from stemgmd_tools.separation.training.settings.schema import TrainConfig
from stemgmd_tools.separation.weights.file import save_weights
from stemgmd_tools.storage.locks import alone_in
from stemgmd_tools.version import __version__

_VALIDATIONS: Final = 8
"""Minimum number of validations in a time budget, unless they take too long."""
_TRAINED_PER_VALIDATED: Final = 19.0
_LESS_MEMORY: Final = (
    "compute a step in more parts (optimizer.accumulate, which gives the same step without batch norm), or give fewer "
    "items (optimizer.items) or shorter segments (data.segment_s)"
)


class TrainingResult(NamedTuple):
    """Result of a run."""

    folder: RunFolder
    state: State

    @property
    def weights(self) -> Path:
        """The best weights, or the last if none were validated."""
        return self.folder.best if self.state.best_db is not None else self.folder.last


def train(config: TrainConfig, out: Path, *, progress: Progress | None = None, make: Make = build) -> TrainingResult:
    """Train, or resume a training, until the budget is spent.

    On Ctrl-C and SIGTERM, the run is saved before it ends; otherwise it resumes from the last save.

    :param out: run directory.
    :param progress: receives the progress, in the first process.
    :param make: builds the model.
    :raises TrainingError: if splits or kits overlap, the run has other settings, or the loss is not finite.
    :raises StemgmdError: if a source, a kit, a model or a device cannot be used.
    """
    require_budget(config)
    with ExitStack() as stack:
        ranks = stack.enter_context(ranks_of(config.device))
        folder = RunFolder(out)
        display = progress if progress is not None and ranks.is_first else Silent()
        stack.callback(display.close)
        if ranks.is_first:
            require_writable(out)
        data = open_data(config.data, config.model.weights)
        if ranks.is_first:
            stack.enter_context(alone_in(out))
            folder.check(config, data)
            require_drawable(train_segments(config, data))
            folder.begin(config, data)
            prepare(data, worker_count(None), display)
        ranks.wait()
        return _Run(config, folder, data, Trainer(config, ranks, make), display).go(stack)


@dataclass
class _Run:
    """A run in one process."""

    config: TrainConfig
    folder: RunFolder
    data: TrainingData
    trainer: Trainer
    display: Progress
    state: State = field(init=False)
    _validation: Validation | None = field(init=False)
    _reporter: Reporter = field(init=False)
    _clock: float = field(default=0.0, init=False)
    _saved_s: float = field(default=0.0, init=False)

    @property
    def ranks(self) -> Ranks:
        return self.trainer.ranks

    def go(self, stack: ExitStack) -> TrainingResult:
        """Train until the budget is spent; return the result."""
        self._resume()
        segments = validation_segments(self.config, self.data)
        self._validation = (
            None if segments is None else Validation(segments, self._part_items, self.ranks, self.config.data.target)
        )
        if self._progress() < 1.0:
            batches = self._batches()  # forks its workers, before threads are started
            self._reporter.open(stack)
            with interrupts() as interrupt, enough_memory(_LESS_MEMORY):
                self._loop(batches, interrupt)
        return TrainingResult(self.folder, self.state)

    @property
    def _part_items(self) -> int:
        """Segments per forward pass in this process."""
        return self.config.optimizer.items // self.config.optimizer.accumulate // self.ranks.count

    def _resume(self) -> None:
        """Load the saved state, if there is one."""
        saved = read_state(self.folder.state)
        self.state = State(identity=self.config.identity, data=self.data.fingerprint)
        if saved is not None:
            restore(saved, self.trainer)
            self.state = self.folder.best_known(saved.state)
        self._saved_s = self.state.spent_s
        self._clock = time.monotonic() - self._saved_s
        self._reporter = Reporter(
            self.config,
            self.folder,
            self.display,
            writes=self.ranks.is_first,
            skips=self.trainer.scaler.is_enabled(),
            step=-1 if saved is None else self.state.step,
            spent_s=self._saved_s,
        )

    def _spent_s(self) -> float:
        return time.monotonic() - self._clock

    def _progress(self) -> float:
        return self.ranks.agreed(self._local_progress())[0]

    def _loop(self, batches: Iterator[Batch], interrupt: Interrupt) -> None:
        if self.state.validated_step < 0:
            self._validate()  # scores the untrained model, and measures the duration of a validation
        first = next(batches)  # the next ones are loaded meanwhile
        batches = itertools.chain([first], batches)
        if self.state.step == 0:
            self.state = self.state.model_copy(update={"began_s": self.ranks.agreed(self._spent_s())[0]})
        while (progress := self._progress()) < 1.0:
            self._step(batches, progress)
            validate, save, stop = self.ranks.agreed(self._validation_due(), self._save_due(), interrupt.requested)
            if stop:
                self._save()
                raise KeyboardInterrupt
            # Best weights and the state that refers to them are saved together.
            if (validate and self._validate()) or save:
                self._save()
        if self.state.validated_step < self.state.step:
            self._validate()
        self._save()

    def _batches(self) -> Iterator[Batch]:
        optimizer = self.config.optimizer
        sampler = PartSampler(
            EPOCH_ITEMS,
            optimizer.items // optimizer.accumulate,
            rank=self.ranks.rank,
            ranks=self.ranks.count,
            first=self.state.step * optimizer.accumulate,
        )
        workers = loading_workers(self.config.data.workers, self.ranks.device)
        segments = train_segments(self.config, self.data)
        return part_loader(segments, sampler, self._part_items, workers, pinned=self.ranks.device.type == "cuda")

    def _step(self, batches: Iterator[Batch], progress: float) -> None:
        waiting = _Waiting(batches)
        rate = self.config.optimizer.learning_rate * factor(self.config.schedule, progress)
        result = self.trainer.step(waiting, self.state.step, rate, progress)
        step = self.state.step + 1
        self.state = self.state.model_copy(update={"step": step, "items": step * self.config.optimizer.items})
        row = {"step": step, "time_s": self._spent_s(), "learning_rate": rate, "wait_s": waiting.waited_s}
        self._reporter.step(row, result, progress)

    def _validation_due(self) -> bool:
        if self._validation is None:
            return False
        every = self.config.validation.every_steps
        if every is not None:
            return self.state.step % every == 0
        every_s = self.config.validation.every_s
        if self.config.budget.time_s is not None:
            every_s = min(every_s, self.config.budget.time_s / _VALIDATIONS)
        # Validation may take at most a twentieth of the time.
        every_s = max(every_s, _TRAINED_PER_VALIDATED * self.state.validation_s)
        return self._spent_s() - self.state.validated_s >= every_s

    def _save_due(self) -> bool:
        every = self.config.saving.every_steps
        if every is not None:
            return self.state.step % every == 0
        return self._spent_s() - self._saved_s >= self.config.saving.every_s

    def _validate(self) -> bool:
        """Validate the averaged weights; save them and return True if they are the best so far."""
        if self._validation is None:
            return False
        self._reporter.read(
            self._spent_s(), self._local_progress()
        )  # raises for non-finite losses: such weights are never selected
        self._validation.render()
        started = time.monotonic()
        result = self._validation(self.trainer.averaged, self.trainer.precision)
        best = self.state.best_db
        is_best = not math.isnan(result.score_db) and (best is None or result.score_db > best)
        if self.ranks.is_first:
            if is_best:
                self._save_weights(self.folder.best, result)
            row = {"step": self.state.step, "time_s": self._spent_s()}
            self._reporter.validated(row, result, ", the best so far" if is_best else "")
            self._reporter.example(self.trainer.averaged, self._validation.first(), self.state.step)
        took_s, spent_s = self.ranks.agreed(time.monotonic() - started, self._spent_s())
        changed: dict[str, Any] = {
            "validated_step": self.state.step,
            "validated_s": spent_s,
            "validation_s": took_s,
        }
        if is_best:
            changed |= {"best_db": result.score_db, "best_step": self.state.step}
        self.state = self.state.model_copy(update=changed)
        return is_best

    def _local_progress(self) -> float:
        """Return the progress of this process, without communication."""
        return progress_of(
            self.config.budget,
            self.state.step,
            self._spent_s(),
            began_s=self.state.began_s,
            reserved_s=self.state.validation_s,
        )

    def _save(self) -> None:
        """Save the state of the run and its weights."""
        self._reporter.read(self._spent_s(), self._local_progress())
        self._saved_s = self._spent_s()
        self.state = self.state.model_copy(update={"spent_s": self._saved_s})
        if self.ranks.is_first:
            self._save_weights(self.folder.last, None)
            save_state(self.folder.state, self.state, self.trainer)

    def _save_weights(self, path: Path, result: ValidationResult | None) -> None:
        config = self.config.model_dump(mode="json", by_alias=True)
        for place in ("corpus", "gmd", "kit_path"):  # paths of this machine
            del config["data"][place]
        del config["model"]["weights"]
        about = {
            "version": __version__,
            "step": self.state.step,
            "config": config,
            **kit_names_of(self.data),
            **bank_engine_of(self.data),
            **self.data.origin,
            "data": self.data.fingerprint,
        }
        if result is not None:
            about["validation_db"] = {"score": result.score_db, "pooled": result.pooled_db, **result.stems_db}
        save_weights(path, self.trainer.spec, self.trainer.averaged, about)


class _Waiting:
    """Iterates over batches and measures the time spent waiting for them."""

    def __init__(self, batches: Iterator[Batch]) -> None:
        self._batches = batches
        self.waited_s = 0.0

    def __iter__(self) -> _Waiting:
        return self

    def __next__(self) -> Batch:
        began = time.perf_counter()
        batch = next(self._batches)
        self.waited_s += time.perf_counter() - began
        return batch
