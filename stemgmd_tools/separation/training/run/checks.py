"""Checks before the first step of a run, also used by dry runs and ablations. Nothing is written."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final, NamedTuple

import torch

from stemgmd_tools.augment.dataset import SegmentDataset
from stemgmd_tools.devices import device_named
from stemgmd_tools.errors import TrainingError, UsageError
from stemgmd_tools.separation.networks.registry import build
from stemgmd_tools.separation.networks.separator import parameter_count
from stemgmd_tools.separation.training.loop.batches import PartSampler
from stemgmd_tools.separation.training.loop.data import (
    EPOCH_ITEMS,
    TrainingData,
    open_data,
    train_segments,
    validation_segments,
)
from stemgmd_tools.separation.training.loop.distributed import Ranks, process_count
from stemgmd_tools.separation.training.loop.trainer import Make, Trainer
from stemgmd_tools.separation.training.run.checkpoint import read_state, restore
from stemgmd_tools.separation.training.run.folder import RunFolder
from stemgmd_tools.separation.training.settings.schema import TrainConfig
from stemgmd_tools.storage.locks import require_unlocked

_DRAWN: Final = 256
"""Segments for which augmentations are drawn, enough to cover all kits of most runs."""


class Checked(NamedTuple):
    """Data and model size of a checked run."""

    data: TrainingData
    parameters: int
    """Weights of the model."""


def check_run(config: TrainConfig, out: Path, *, make: Make = build) -> Checked:
    """Check that a run in the folder ``out`` can start or resume.

    :param make: builds the model.
    :raises StemgmdError: as :func:`~stemgmd_tools.separation.training.train.train` does before its first step.
    """
    require_budget(config)
    device = torch.device(device_named(config.device))
    require_writable(out)
    require_unlocked(out)
    data = open_data(config.data, config.model.weights)
    folder = RunFolder(out)
    folder.check(config, data)
    require_drawable(train_segments(config, data))
    validation_segments(config, data)
    PartSampler(EPOCH_ITEMS, config.optimizer.items // config.optimizer.accumulate, ranks=process_count())
    trainer = Trainer(config, Ranks(0, 1, device), make)
    saved = read_state(folder.state)
    if saved is not None:
        restore(saved, trainer)
    return Checked(data, parameter_count(trainer.model))


def require_budget(config: TrainConfig) -> None:
    """Check that the settings have a training budget.

    :raises UsageError: if they do not.
    """
    if config.budget.steps is None and config.budget.time_s is None:
        raise UsageError("budget: give steps or time_s (--steps, --time-budget)")


def require_drawable(segments: SegmentDataset) -> None:
    """Check that the augmentations of a chain can be drawn, which may need e.g. a second kit.

    :raises StemgmdError: if they cannot.
    """
    for index in range(_DRAWN):
        segments.drawn((0, index))


def require_writable(folder: Path) -> None:
    """Check that a folder can be created or written to.

    :raises TrainingError: if it cannot.
    """
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    if not place.is_dir():
        raise TrainingError(f"{place}: is a file; choose another folder with --out")
    if not os.access(place, os.W_OK | os.X_OK):
        raise TrainingError(f"{place}: cannot be written to; choose another folder with --out")
