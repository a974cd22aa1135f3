"""Communicate between the processes of a run, started by ``torchrun``; or run in a single process."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor

from stemgmd_tools.devices import device_named


@dataclass(frozen=True, slots=True)
class Ranks:
    """Rank of this process, and the number of processes."""

    rank: int
    count: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this is the process that writes."""
        return self.rank == 0

    def agreed(self, *values: float) -> tuple[float, ...]:
        """Return the first process's values, in every process."""
        if self.count == 1:
            return values
        tensor = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.broadcast(tensor, 0)
        return tuple(tensor.tolist())

    def mean(self, values: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Return the means over all processes of scalars."""
        if self.count == 1:
            return {name: value.detach() for name, value in values.items()}
        tensor = self.total(torch.stack([value.detach().float() for value in values.values()])) / self.count
        return dict(zip(values, tensor.unbind(), strict=True))

    def total(self, values: Tensor) -> Tensor:
        """Return the sum over all processes."""
        if self.count > 1:
            dist.all_reduce(values)
        return values

    def wait(self) -> None:
        """Wait for all processes."""
        if self.count > 1:
            dist.barrier()


def is_first_process() -> bool:
    """Return whether this is the first process started by ``torchrun``, or the only one."""
    return _rank() == 0


def process_count() -> int:
    """Return the number of processes started by ``torchrun``; 1 without it."""
    return int(os.environ.get("WORLD_SIZE", "1"))


@contextmanager
def ranks_of(device: str) -> Iterator[Ranks]:
    """Initialise communication between the processes of ``torchrun``, if any; gloo on the CPU, NCCL on GPUs.

    :param device: ``auto``, ``cpu`` or ``cuda``.
    :raises UsageError: if there is no such device.
    """
    count, rank = process_count(), _rank()
    place = _device(device, int(os.environ.get("LOCAL_RANK", "0")))
    if count == 1:
        yield Ranks(0, 1, place)
        return
    dist.init_process_group("nccl" if place.type == "cuda" else "gloo")
    try:
        yield Ranks(rank, count, place)
    finally:
        dist.destroy_process_group()


def _rank() -> int:
    return int(os.environ.get("RANK", "0"))


def _device(name: str, local_rank: int) -> torch.device:
    if device_named(name) == "cpu":
        return torch.device("cpu")
    torch.cuda.set_device(local_rank)
    return torch.device("cuda", local_rank)
