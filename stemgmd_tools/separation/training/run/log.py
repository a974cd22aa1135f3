"""Write the log of a run as CSV, and for TensorBoard if it is installed."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import torch
from torch import Tensor

from stemgmd_tools.separation.networks.separator import Separator
from stemgmd_tools.storage.files import write_bytes

STEP: Final = "step"
_SHOWN_S: Final = 6.0


class CsvLog:
    """A CSV file with one row of numbers per step; rows after the step that a run resumes from are removed.

    :param path: the file.
    :param columns: after ``step``.
    :param after: the step to resume from; later rows are removed.
    """

    def __init__(self, path: Path, columns: Sequence[str], after: int) -> None:
        """Open the file."""
        self.columns = (STEP, *columns)
        rows = [row for row in read_log(path) if int(row[STEP]) <= after] if path.exists() else []
        text = io.StringIO()
        writer = csv.DictWriter(text, self.columns, extrasaction="ignore", lineterminator="\n", restval="")
        writer.writeheader()
        writer.writerows(rows)
        write_bytes(path, text.getvalue().encode())
        self._file = path.open("a", encoding="utf-8", newline="")
        self._writer = csv.DictWriter(self._file, self.columns, lineterminator="\n", restval="")

    def add(self, rows: Sequence[Mapping[str, float]]) -> None:
        """Append rows, on disk when this returns; numbers are written so that they read back exactly."""
        self._writer.writerows({name: _text(value) for name, value in row.items()} for row in rows)
        self._file.flush()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def read_log(path: Path) -> list[dict[str, str]]:
    """Return the rows of a log; an incomplete last row is skipped."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    return [row for row in rows if None not in row.values() and None not in row and row[STEP].isdigit()]


def _text(value: float) -> str:
    if isinstance(value, int) or math.isnan(value):
        return "" if isinstance(value, float) else str(value)
    return repr(float(value))


class Board:
    """Writes to TensorBoard, if it is installed.

    :param folder: of its files.
    :param after: the step a run goes on from.
    """

    def __init__(self, folder: Path, after: int) -> None:
        """Open a writer."""
        self._writer: Any = None
        try:
            tensorboard = import_module("torch.utils.tensorboard")
        except ModuleNotFoundError:
            return
        self._writer = tensorboard.SummaryWriter(str(folder), purge_step=after + 1)

    def __enter__(self) -> Board:
        """Return the board."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Write what is left."""
        if self._writer is not None:
            self._writer.close()

    def scalars(self, row: Mapping[str, float]) -> None:
        """Draw the numbers of a row."""
        if self._writer is not None:
            for name, value in row.items():
                if name != STEP and not math.isnan(value):
                    self._writer.add_scalar(name, value, int(row[STEP]))

    def example(self, model: Separator, stems: Tensor, step: int) -> None:
        """Write audio and masks of one segment.

        :param stems: the true stems, shape (stem, 2, frame).
        """
        if self._writer is None:
            return
        with torch.inference_mode():
            estimate = model.estimate(stems.sum(0, keepdim=True))
        frames = round(_SHOWN_S * model.sample_rate)
        for number, name in enumerate(model.stems):
            for kind, sound in (("estimate", estimate.sound[0, number]), ("target", stems[number])):
                mono = sound[:, :frames].float().mean(0, keepdim=True).clamp(-1, 1).cpu()
                self._writer.add_audio(f"{name}/{kind}", mono, step, sample_rate=model.sample_rate)
        if estimate.spectra is not None:
            shares = _shares(estimate.spectra[0])
            for number, name in enumerate(model.stems):
                self._writer.add_image(f"{name}/mask", shares[number : number + 1], step)


def _shares(spectra: Tensor) -> Tensor:
    """Return each stem's share of magnitude, (stem, bin, spectrum) in 0..1 with low frequencies at the bottom."""
    magnitudes = spectra.abs().float().mean(1)
    return (magnitudes / magnitudes.sum(0).clamp(min=1e-8)).flip(-2).cpu()
