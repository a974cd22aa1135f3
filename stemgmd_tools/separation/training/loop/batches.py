"""Load the batches of a run from any step on; the items of a step depend only on its number."""

from __future__ import annotations

import itertools
import signal
from collections.abc import Iterator, Sequence
from types import FrameType
from typing import Any, Final

import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from stemgmd_tools.augment.dataset import Batch, Collate, Item, SegmentDataset
from stemgmd_tools.corpus.render.execute import worker_count
from stemgmd_tools.errors import StemgmdError, TrainingError, UsageError
from stemgmd_tools.runtime.workers import end_with_parent, require_semaphores

_MOST_WORKERS: Final = 15
_MOST_AHEAD: Final = 4
_AHEAD_BYTES: Final = 4 << 30
"""Limit of shared memory for prefetched batches; a batch of the published recipe has half a gigabyte."""


class PartSampler(Sampler[list[tuple[int, int]]]):
    """Yields the keys of the parts of steps, without end: part ``n`` starts at item ``n * items``.

    Every process takes each ``ranks``-th item, so that all together take the items of a single process.

    :param length: items of the dataset's epoch.
    :param items: of a part, over all processes.
    :param first: the first part.
    :raises UsageError: if items cannot be distributed evenly.
    """

    def __init__(self, length: int, items: int, *, rank: int = 0, ranks: int = 1, first: int = 0) -> None:
        """Store the options."""
        if items % ranks:
            raise UsageError(
                f"{items} items in each part of a step cannot be distributed to {ranks} processes; make "
                f"optimizer.items / accumulate a multiple of {ranks}"
            )
        self._length, self._items, self._rank, self._ranks, self._first = length, items, rank, ranks, first

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Yield the keys (epoch, index) of each part."""
        for part in itertools.count(self._first):
            numbers = range(part * self._items + self._rank, (part + 1) * self._items, self._ranks)
            yield [divmod(number, self._length) for number in numbers]


def part_loader(
    dataset: SegmentDataset, sampler: PartSampler, items: int, workers: int, *, pinned: bool
) -> Iterator[Batch]:
    """Return an endless iterator of batches, one per part.

    :param items: of a part, in this process.
    :param workers: data loading processes; 0: load in this process.
    :param pinned: use pinned memory.
    :raises StemgmdError: if an item cannot be loaded, in any process.
    :raises TrainingError: if a data loading process was killed.
    """
    options: dict[str, Any] = {}
    if workers:
        require_semaphores("--workers 0")
        options = {
            "worker_init_fn": _ignore_first_signals,
            "prefetch_factor": _ahead(dataset[0].stems.nbytes * items, workers),
        }
    loader: DataLoader[Any] = DataLoader(
        _ErrorsAsItems(dataset),
        batch_sampler=sampler,
        num_workers=workers,
        collate_fn=_CollateOrError(Collate(dataset.source.sample_rate)),
        pin_memory=pinned,
        **options,
    )
    return _raise_errors(iter(loader))


class _ErrorsAsItems(Dataset[Item | StemgmdError]):
    """Returns errors as items, since PyTorch adds a traceback to errors of other processes."""

    def __init__(self, dataset: SegmentDataset) -> None:
        self._dataset = dataset

    def __getitem__(self, key: tuple[int, int]) -> Item | StemgmdError:
        try:
            return self._dataset[key]
        except StemgmdError as error:
            return error


class _CollateOrError:
    """Collates items to a batch; returns the first error among them, if any."""

    def __init__(self, collate: Collate) -> None:
        self._collate = collate

    def __call__(self, items: Sequence[Item | StemgmdError]) -> Batch | StemgmdError:
        loaded = []
        for item in items:
            if isinstance(item, StemgmdError):
                return item
            loaded.append(item)
        return self._collate(loaded)


def _raise_errors(batches: Iterator[Batch | StemgmdError]) -> Iterator[Batch]:
    """Yield batches; raise an error that was returned instead of one."""
    while True:
        try:
            batch = next(batches)
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise TrainingError(
                "a data loading process was killed by the system; if memory (or /dev/shm) was too small, give fewer "
                "--workers, or --workers 0; the same command resumes from the last save"
            ) from error
        if isinstance(batch, StemgmdError):
            raise batch
        yield batch


def loading_workers(requested: int | None, device: torch.device) -> int:
    """Return the number of data loading processes: by default one on the CPU, for a GPU all cores but one."""
    if requested is not None:
        return requested
    return max(1, min(worker_count(None) - 1, _MOST_WORKERS)) if device.type == "cuda" else 1


def _ahead(size: int, workers: int) -> int:
    """Return how many parts of ``size`` bytes each worker may prefetch."""
    return max(1, min(_MOST_AHEAD, _AHEAD_BYTES // (size * workers)))


def _ignore_first_signals(worker: int) -> None:  # noqa: ARG001
    """Ignore Ctrl-C in a worker, since the training process saves the run before it ends its workers.

    The first SIGTERM is ignored, too, since `timeout`, Slurm and systemd send it to all processes; a second one ends
    the worker. Workers also end when the training process has ended.
    """

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, leave)
    end_with_parent(at_once=True)
