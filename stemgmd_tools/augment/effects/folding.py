"""Sums whose result does not depend on the batch, so that a choice between near-equal scores does not either."""

from __future__ import annotations

import torch
from torch import Tensor


def folded_sum(values: Tensor) -> Tensor:
    """Return the sum over the last axis, whose length must be a power of two; ``values`` is overwritten.

    On a CPU, PyTorch sums a contiguous last axis row by row, each alike (a test holds that). Elsewhere a reduction may
    choose its order by the shape, so elements are added in pairs.
    """
    if values.device.type == "cpu":
        return values.sum(-1)
    length = values.shape[-1]
    while length > 1:
        length //= 2
        values = values[..., :length].add_(values[..., length : 2 * length])
    return values[..., 0]


def cosine_fade(frames: int) -> Tensor:
    """Return a fade-in of ``frames`` samples, strictly between 0 and 1."""
    phase = (torch.arange(frames, dtype=torch.float64) + 0.5) / frames
    return torch.sin(torch.pi / 2 * phase).square().float()
