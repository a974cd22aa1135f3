"""Block sizes: on a CPU to fit a core's cache, on other devices to keep them busy."""

from __future__ import annotations

import torch
from torch import Tensor

IN_CACHE = 1 << 18
"""Samples: 1 MiB of float32."""
IN_MEMORY = 1 << 25
LINES = 4
"""Lines whose small steps are batched on a CPU; more exceed the memory that the allocator keeps."""
LINES_ELSEWHERE = 64


def blocks_at_once(samples: int, device: torch.device) -> int:
    """Return how many blocks of ``samples`` samples (of all channels) to compute at once."""
    return max(1, (IN_CACHE if device.type == "cpu" else IN_MEMORY) // samples)


def lines_at_once(device: torch.device, *, sharing: bool) -> int:
    """Return how many lines to compute at once; ``sharing`` says whether lines share steps that cost overhead."""
    if device.type != "cpu":
        return LINES_ELSEWHERE
    return LINES if sharing else 1


def stretch(line: Tensor, start: int, stop: int) -> Tensor:
    """Return the samples ``start`` .. ``stop`` of a line (channel, frame), with silence before it and after it."""
    frames = line.shape[1]
    if start >= 0 and stop <= frames:
        return line[:, start:stop]
    inside = line[:, max(0, min(start, frames)) : max(0, min(stop, frames))]
    before = min(max(0, -start), stop - start)
    return torch.nn.functional.pad(inside, (before, stop - start - before - inside.shape[1]))
