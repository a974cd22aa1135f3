"""Report a run to the log, TensorBoard and the progress display."""

from __future__ import annotations

import math
from contextlib import ExitStack
from typing import Final, NamedTuple

from torch import Tensor

from stemgmd_tools.errors import TrainingError
from stemgmd_tools.runtime.progress import Progress
from stemgmd_tools.separation.networks.separator import Separator
from stemgmd_tools.separation.training.loop.trainer import StepResult
from stemgmd_tools.separation.training.loop.validate import ValidationResult
from stemgmd_tools.separation.training.run.folder import RunFolder
from stemgmd_tools.separation.training.run.log import Board, CsvLog
from stemgmd_tools.separation.training.settings.schema import TrainConfig

_READ_STEPS: Final = 50
_READ_S: Final = 5.0
"""Maximum interval between reading losses from the device; each reading waits for the step."""
_MOST_SKIPPED: Final = 64
"""Maximum number of consecutive steps that fp16 may skip; meanwhile its scale falls from 2^16 to 2^-48."""


class Pace(NamedTuple):
    """Speed of a training."""

    step: int
    loss: float
    """Mean over the last steps."""
    steps_per_s: float
    real_time: float
    """Seconds of mixture processed per second."""
    wait_share: float
    """Share of the time spent waiting for data, 0..1."""

    def __str__(self) -> str:
        """Return all of it."""
        rate = f"{self.steps_per_s:.2f} it/s" if self.steps_per_s >= 0.1 else f"{1 / self.steps_per_s:.1f} s/it"
        return (
            f"step {self.step:,}, loss {self.loss:.4g}, {rate}, {self.real_time:.0f}x real time, "
            f"waits for data {self.wait_share:.0%}"
        )


class Reporter:
    """Collects the results of steps, and reports several at a time.

    :param writes: whether this process writes the log; others only check that loss and gradient are finite.
    :param skips: whether steps with a non-finite gradient are skipped (fp16), up to 64 in a row; else they end the run.
    :param step: the step to resume from; -1 for a new run.
    :param spent_s: the time spent so far.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        display: Progress,
        *,
        writes: bool,
        skips: bool,
        step: int,
        spent_s: float,
    ) -> None:
        """Store the options; no file is opened."""
        self._config, self._folder, self._display, self._writes = config, folder, display, writes
        self._most_skipped, self._skipped = (_MOST_SKIPPED if skips else 0), 0
        self._rows: list[tuple[dict[str, float], StepResult]] = []
        self._first, self._read = step, (max(step, 0), spent_s)
        self._log: CsvLog | None = None
        self._board: Board | None = None

    def open(self, stack: ExitStack) -> None:
        """Open log and TensorBoard until the stack is closed."""
        if not self._writes:
            return
        model = self._config.model
        names = ["time_s", "learning_rate", "loss", *map(str, self._config.loss.terms), "gradient_norm", "wait_s"]
        names += ["score_db", "pooled_db", "silence_db", *(f"{stem}_db" for stem in model.stem_names)]
        self._log = CsvLog(self._folder.log, names, self._first)
        self._board = stack.enter_context(Board(self._folder.board, self._first))
        stack.callback(self._log.close)
        if self._first >= 0:
            self._display.say(f"{self._folder.root}: resuming at step {self._first:,}")

    def step(self, row: dict[str, float], result: StepResult, progress: float) -> None:
        """Add the result of a step.

        :raises TrainingError: as :meth:`read`.
        """
        self._rows.append((row, result))
        step, spent_s = row["step"], row["time_s"]
        if step - self._read[0] >= _READ_STEPS or spent_s - self._read[1] >= _READ_S:
            self.read(spent_s, progress)

    def read(self, spent_s: float, progress: float) -> None:
        """Read the results of the collected steps, and report them.

        :raises TrainingError: if a loss or a gradient is not finite. The saved state is from an earlier step.
        """
        rows, fault = self._valid_rows([_numbers(row, result) for row, result in self._rows])
        self._rows.clear()
        if rows:
            self._write(rows)
        if fault:
            raise TrainingError(
                f"{self._folder.root}: {fault}; the saved state is from an earlier step: start another run with a "
                "lower learning rate, or with precision fp32"
            )
        if rows:
            self._display.update(progress, 1.0, str(self._pace(rows, spent_s)))
            self._read = (int(rows[-1]["step"]), spent_s)

    def _valid_rows(self, rows: list[dict[str, float]]) -> tuple[list[dict[str, float]], str]:
        """Return the rows before the first that ends the run, and its fault."""
        for number, row in enumerate(rows):
            self._skipped = 0 if math.isfinite(row["gradient_norm"]) else self._skipped + 1
            if not math.isfinite(row["loss"]):
                return rows[:number], f"the loss is {row['loss']} at step {row['step']}"
            if self._skipped > self._most_skipped:
                return rows[:number], f"the norm of the gradient is {row['gradient_norm']} at step {row['step']}"
        return rows, ""

    def validated(self, row: dict[str, float], result: ValidationResult, note: str) -> None:
        """Report a validation."""
        each = {f"{name}_db": value for name, value in result.stems_db.items()}
        scores = {"score_db": result.score_db, "pooled_db": result.pooled_db, "silence_db": result.silence_db}
        self._write([{**row, **scores, **each}])
        stems = ", ".join(f"{name} {value:.2f}" for name, value in result.stems_db.items())
        self._display.say(f"step {int(row['step']):,}: validation {result.score_db:.2f} dB ({stems}){note}")

    def example(self, model: Separator, stems: Tensor, step: int) -> None:
        """Write audio and masks of one segment to TensorBoard.

        :param stems: the true stems, shape (stem, 2, frame).
        """
        if self._board is not None:
            self._board.example(model, stems, step)

    def _write(self, rows: list[dict[str, float]]) -> None:
        if self._log is not None and self._board is not None:
            self._log.add(rows)
            for row in rows:
                self._board.scalars(row)

    def _pace(self, rows: list[dict[str, float]], spent_s: float) -> Pace:
        seconds = max(spent_s - self._read[1], 1e-9)
        mixture_s = len(rows) * self._config.optimizer.items * self._config.data.segment_s
        return Pace(
            int(rows[-1]["step"]),
            sum(row["loss"] for row in rows) / len(rows),
            len(rows) / seconds,
            mixture_s / seconds,
            min(sum(row["wait_s"] for row in rows) / seconds, 1.0),
        )


def _numbers(row: dict[str, float], result: StepResult) -> dict[str, float]:
    return {**row, **{name: float(value) for name, value in result.terms.items()}, "gradient_norm": float(result.norm)}
