"""The batches of a run, from any step on: which items a step takes follows from its number alone."""

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
"""Shared memory for batches that wait; a batch of the published recipe has half a gigabyte."""


class PartSampler(Sampler[list[tuple[int, int]]]):
    """Keys of the parts that steps are computed in, without end: part ``n`` takes items ``n * items`` and on.

    Every process takes each ``ranks``-th item, so that all of them together take what one alone would.

    :param length: items of the dataset's epoch.
    :param items: of a part, of all processes together.
    :param first: the first part.
    :raises UsageError: if items cannot be dealt out evenly.
    """

    def __init__(self, length: int, items: int, *, rank: int = 0, ranks: int = 1, first: int = 0) -> None:
        """Keep the numbers."""
        if items % ranks:
            raise UsageError(
                f"{items} items in each part of a step cannot be dealt out to {ranks} processes; make "
                f"optimizer.items / accumulate a multiple of {ranks}"
            )
        self._length, self._items, self._rank, self._ranks, self._first = length, items, rank, ranks, first

    def __iter__(self) -> Iterator[list[tuple[int, int]]]:
        """Yield the keys (epoch, index) of one part after the other."""
        for part in itertools.count(self._first):
            numbers = range(part * self._items + self._rank, (part + 1) * self._items, self._ranks)
            yield [divmod(number, self._length) for number in numbers]


def part_loader(
    dataset: SegmentDataset, sampler: PartSampler, items: int, workers: int, *, pinned: bool
) -> Iterator[Batch]:
    """Return batches without end, one per part.

    :param items: of a part, in this process.
    :param workers: processes that load; 0: none but this one.
    :param pinned: in memory that a GPU reads without a copy.
    :raises StemgmdError: if an item cannot be made, as the dataset says it, wherever it was made.
    :raises TrainingError: if a process that loads was ended.
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
    """Items, or why there is none: an error that PyTorch carried between processes would come with a traceback."""

    def __init__(self, dataset: SegmentDataset) -> None:
        self._dataset = dataset

    def __getitem__(self, key: tuple[int, int]) -> Item | StemgmdError:
        try:
            return self._dataset[key]
        except StemgmdError as error:
            return error


class _CollateOrError:
    """Batches of items, or why there is none."""

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
    """Yield batches; raise what came in place of one."""
    while True:
        try:
            batch = next(batches)
        except RuntimeError as error:
            if "DataLoader worker" not in str(error):
                raise
            raise TrainingError(
                "a process that loads was ended by the system; if for want of memory (or of /dev/shm), give fewer "
                "--workers, or --workers 0; the same command goes on from the last save"
            ) from error
        if isinstance(batch, StemgmdError):
            raise batch
        yield batch


def loading_workers(requested: int | None, device: torch.device) -> int:
    """Return how many processes load: on the CPU one beside the network's own work, for a GPU all cores but one."""
    if requested is not None:
        return requested
    return max(1, min(worker_count(None) - 1, _MOST_WORKERS)) if device.type == "cuda" else 1


def _ahead(size: int, workers: int) -> int:
    """Return how many parts of ``size`` bytes each worker may have ready."""
    return max(1, min(_MOST_AHEAD, _AHEAD_BYTES // (size * workers)))


def _ignore_first_signals(worker: int) -> None:  # noqa: ARG001
    """Leave Ctrl-C to the process that trains, which saves before it ends its workers; they end when it says so.

    So with the first SIGTERM, which `timeout`, Slurm and systemd send to all processes of a run; a second one ends.
    They also end when that process, whose main thread starts them, is gone.
    """

    def leave(number: int, frame: FrameType | None) -> None:  # noqa: ARG001
        signal.signal(number, signal.SIG_DFL)

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, leave)
    end_with_parent(at_once=True)
