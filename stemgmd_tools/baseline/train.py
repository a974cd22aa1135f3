"""A training run from beginning to end, or from where it was interrupted: the same command goes on.

What a step computes follows from the settings and the step's number: items, augmentations and dropout are drawn from
named streams, so a run that was killed and went on gives the losses it would have given.
"""

from __future__ import annotations

import math
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any, Final, NamedTuple

from torch import Tensor

from stemgmd_tools import __version__
from stemgmd_tools.augment.dataset import Batch
from stemgmd_tools.baseline.batches import PartSampler, loading_workers, part_loader
from stemgmd_tools.baseline.checkpoint import State, read_state, restore, save_state
from stemgmd_tools.baseline.config import TrainConfig
from stemgmd_tools.baseline.data import (
    EPOCH_ITEMS,
    TrainingData,
    open_data,
    prepare,
    train_segments,
    validation_segments,
)
from stemgmd_tools.baseline.log import Board, CsvLog
from stemgmd_tools.baseline.models.registry import build
from stemgmd_tools.baseline.ranks import Ranks, ranks_of
from stemgmd_tools.baseline.run_folder import RunFolder
from stemgmd_tools.baseline.schedule import factor, progress_of
from stemgmd_tools.baseline.trainer import Make, Stepped, Trainer
from stemgmd_tools.baseline.validate import Validated, Validation
from stemgmd_tools.baseline.watch import Pace, Silent, Watch
from stemgmd_tools.baseline.weights import save_weights
from stemgmd_tools.corpus.execute import worker_count
from stemgmd_tools.errors import TrainingError, UsageError

_FLUSH_STEPS: Final = 50
_FLUSH_S: Final = 5.0
"""Losses are read from the device at most so far apart: each reading waits for the step."""


class Trained(NamedTuple):
    """What a run has come to."""

    folder: RunFolder
    state: State

    @property
    def weights(self) -> Path:
        """The best weights, or the last if none were validated."""
        return self.folder.best if self.state.best_db is not None else self.folder.last


def train(config: TrainConfig, out: Path, *, watch: Watch | None = None, make: Make = build) -> Trained:
    """Train, or go on training, until the budget is spent.

    Ctrl-C and SIGTERM save before they end the run; after any other end it goes on from the last save.

    :param out: folder of the run.
    :param watch: is told how it goes, in the first process.
    :param make: builds the model.
    :raises TrainingError: if something leaks, the folder belongs to other settings, or the loss has no value any more.
    :raises StemgmdError: if a source, a kit, a model or a device cannot be used.
    """
    if config.budget.steps is None and config.budget.time_s is None:
        raise UsageError("budget: give steps or time_s (--steps, --time-budget)")
    with ExitStack() as stack:
        ranks = stack.enter_context(ranks_of(config.device))
        folder = RunFolder(out)
        if ranks.is_first:
            stack.enter_context(folder.held())
        data = open_data(config.data)
        if ranks.is_first:
            prepare(data, worker_count(None))
            folder.begin(config, data)
        ranks.wait()
        told = watch if watch is not None and ranks.is_first else Silent()
        stack.callback(told.close)
        return _Run(config, folder, data, Trainer(config, ranks, make), told).go(stack)


@dataclass
class _Run:
    """One process's part in a run."""

    config: TrainConfig
    folder: RunFolder
    data: TrainingData
    trainer: Trainer
    watch: Watch
    state: State = field(init=False)
    _validation: Validation | None = field(init=False)
    _log: CsvLog | None = field(default=None, init=False)
    _board: Board | None = field(default=None, init=False)
    _rows: list[tuple[dict[str, float], dict[str, Tensor]]] = field(default_factory=list, init=False)
    _clock: float = field(default=0.0, init=False)
    _saved: tuple[int, float] = field(default=(0, 0.0), init=False)
    _flushed: tuple[int, float] = field(default=(0, 0.0), init=False)

    @property
    def ranks(self) -> Ranks:
        return self.trainer.ranks

    def go(self, stack: ExitStack) -> Trained:
        """Run."""
        self._go_on()
        segments = validation_segments(self.config, self.data)
        self._validation = None if segments is None else Validation(segments, self._part_items, self.ranks)
        if self._progress() < 1.0:
            if self.ranks.is_first:
                self._open_logs(stack)
            with _interrupts() as interrupt:
                self._loop(interrupt)
        return Trained(self.folder, self.state)

    @property
    def _part_items(self) -> int:
        """Segments that this process computes at a time."""
        return self.config.optimizer.items // self.config.optimizer.accumulate // self.ranks.count

    def _go_on(self) -> None:
        """Take up a saved run, if there is one."""
        held = read_state(self.folder.state)
        self.state = State(identity=self.config.identity, data=self.data.fingerprint)
        if held is not None:
            if held.state.data != self.data.fingerprint:
                raise TrainingError(
                    f"{self.folder.root}: was begun with other performances or kits (splits.json); give the same, or "
                    "another folder with --out"
                )
            restore(held, self.trainer)
            self.state = held.state
        self._clock = time.monotonic() - self.state.spent_s
        self._saved = (self.state.step, self.state.spent_s)
        self._flushed = (self.state.step, self.state.spent_s)

    def _open_logs(self, stack: ExitStack) -> None:
        names = ["time_s", "learning_rate", "loss", *map(str, self.config.loss.terms), "gradient_norm", "wait_s"]
        names += ["score_db", "pooled_db", "silence_db", *(f"{stem}_db" for stem in self.trainer.model.stems)]
        self._log = CsvLog(self.folder.log, names, self.state.step)
        self._board = stack.enter_context(Board(self.folder.board, self.state.step))
        stack.callback(self._log.close)
        if self.state.step:
            self.watch.say(f"{self.folder.root}: goes on at step {self.state.step:,}")

    def _spent_s(self) -> float:
        return time.monotonic() - self._clock

    def _progress(self) -> float:
        spent_s = self._spent_s()
        return self.ranks.agreed(progress_of(self.config.budget, self.state.step, spent_s, self.state.validation_s))[0]

    def _loop(self, interrupt: _Interrupt) -> None:
        batches = self._batches()
        while (progress := self._progress()) < 1.0:
            self._step(batches, progress)
            validate, save, stop = self.ranks.agreed(self._validation_due(), self._save_due(), interrupt.came)
            if stop:
                self._save()
                raise KeyboardInterrupt
            if validate:
                self._validate()
            if save:
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
        return part_loader(segments, sampler, workers, pinned=self.ranks.device.type == "cuda")

    def _step(self, batches: Iterator[Batch], progress: float) -> None:
        waiting = _Waiting(batches)
        rate = self.config.optimizer.learning_rate * factor(self.config.schedule, progress)
        found = self.trainer.step(waiting, self.state.step, rate, progress)
        step = self.state.step + 1
        self.state = self.state.model_copy(update={"step": step, "items": step * self.config.optimizer.items})
        row = {"step": step, "time_s": self._spent_s(), "learning_rate": rate, "wait_s": waiting.waited_s}
        self._rows.append((row, _flat(found)))
        if step - self._flushed[0] >= _FLUSH_STEPS or self._spent_s() - self._flushed[1] >= _FLUSH_S:
            self._flush(progress)

    def _flush(self, progress: float) -> None:
        """Read losses and tell them.

        :raises TrainingError: if one has no value; nothing is saved of it.
        """
        rows = [{**row, **{name: float(one) for name, one in found.items()}} for row, found in self._rows]
        self._rows.clear()
        for row in rows:
            if not math.isfinite(row["loss"]):
                raise TrainingError(
                    f"{self.folder.root}: the loss is {row['loss']} at step {row['step']}; the run is as it was saved "
                    f"at step {self._saved[0]}; begin another with a lower learning rate, or precision fp32"
                )
        self._tell(rows)
        if rows:
            now = self._spent_s()
            steps, seconds = len(rows), max(now - self._flushed[1], 1e-9)
            self.watch.pace(
                Pace(
                    progress,
                    self.state.step,
                    sum(row["loss"] for row in rows) / steps,
                    steps / seconds,
                    steps * self.config.optimizer.items * self.config.data.segment_s / seconds,
                    min(sum(row["wait_s"] for row in rows) / seconds, 1.0),
                )
            )
            self._flushed = (self.state.step, now)

    def _tell(self, rows: list[dict[str, float]]) -> None:
        if self._log is not None and self._board is not None and rows:
            self._log.add(rows)
            for row in rows:
                self._board.scalars(row)

    def _validation_due(self) -> bool:
        if self._validation is None:
            return False
        every = self.config.validation.every_steps
        if every is not None:
            return self.state.step % every == 0
        return self._spent_s() - self.state.validated_s >= self.config.validation.every_s

    def _save_due(self) -> bool:
        every = self.config.saving.every_steps
        if every is not None:
            return self.state.step % every == 0
        return self._spent_s() - self._saved[1] >= self.config.saving.every_s

    def _validate(self) -> None:
        """Try the averaged weights, and keep them if they are the best."""
        if self._validation is None:
            return
        began = time.monotonic()
        found = self._validation(self.trainer.averaged, self.trainer.precision)
        best = self.state.best_db
        is_best = best is None or found.score_db > best
        if is_best and self.ranks.is_first:
            self._save_weights(self.folder.best, found)
        self._tell_validated(found, is_best)
        (took,) = self.ranks.agreed(time.monotonic() - began)
        changed: dict[str, Any] = {
            "validated_step": self.state.step,
            "validated_s": self._spent_s(),
            "validation_s": took,
        }
        if is_best:
            changed |= {"best_db": found.score_db, "best_step": self.state.step}
        self.state = self.state.model_copy(update=changed)

    def _tell_validated(self, found: Validated, is_best: bool) -> None:
        if self._board is None or self._validation is None:
            return
        self._flush(self._progress_alone())
        each = {f"{name}_db": value for name, value in found.stems_db.items()}
        row = {"score_db": found.score_db, "pooled_db": found.pooled_db, "silence_db": found.silence_db, **each}
        self._tell([{"step": self.state.step, "time_s": self._spent_s(), **row}])
        self._board.example(self.trainer.averaged, self._validation.first(), self.state.step)
        stems = ", ".join(f"{name} {value:.2f}" for name, value in found.stems_db.items())
        best = ", the best so far" if is_best else ""
        self.watch.say(f"step {self.state.step:,}: validation {found.score_db:.2f} dB ({stems}){best}")

    def _progress_alone(self) -> float:
        """Return the progress as this process sees it; others are not asked."""
        return progress_of(self.config.budget, self.state.step, self._spent_s(), self.state.validation_s)

    def _save(self) -> None:
        """Save where the run stands, and its weights."""
        self._flush(self._progress_alone())
        self.state = self.state.model_copy(update={"spent_s": self._spent_s()})
        self._saved = (self.state.step, self.state.spent_s)
        if self.ranks.is_first:
            self._save_weights(self.folder.last, None)
            save_state(self.folder.state, self.state, self.trainer)

    def _save_weights(self, path: Path, found: Validated | None) -> None:
        config = self.config.model_dump(mode="json", by_alias=True)
        for place in ("corpus", "gmd", "kit_path"):  # where things lay on this machine says nothing elsewhere
            del config["data"][place]
        about = {"version": __version__, "step": self.state.step, "config": config, "data": self.data.fingerprint}
        if found is not None:
            about["validation_db"] = {"score": found.score_db, "pooled": found.pooled_db, **found.stems_db}
        save_weights(path, self.trainer.spec, self.trainer.averaged, about)


class _Waiting:
    """Batches, and how long they were waited for."""

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


class _Interrupt:
    """Whether an end was asked for."""

    came = False


@contextmanager
def _interrupts() -> Iterator[_Interrupt]:
    """Let Ctrl-C and SIGTERM wait for the end of the step; the second one ends at once."""
    interrupt = _Interrupt()
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        interrupt.came = True
        for one, handler in before.items():
            signal.signal(one, handler)

    try:
        for number in before:
            signal.signal(number, note)
    except ValueError:  # not the main thread: signals go elsewhere
        before = {}
    try:
        yield interrupt
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _flat(found: Stepped) -> dict[str, Tensor]:
    return {**found.terms, "gradient_norm": found.norm}
