"""Sums whose result does not depend on the batch: pairwise additions of elements, in a fixed order.

A library's reduction may choose its order by shape, device and threads; a choice between near-equal scores could then
turn out otherwise in a batch than alone.
"""

from __future__ import annotations

import torch
from torch import Tensor


def folded_sum(values: Tensor) -> Tensor:
    """Return the sum over the last axis, whose length must be a power of two; ``values`` is overwritten."""
    length = values.shape[-1]
    while length > 1:
        length //= 2
        values = values[..., :length].add_(values[..., length : 2 * length])
    return values[..., 0]


def cosine_fade(frames: int) -> Tensor:
    """Return a fade-in of ``frames`` samples, strictly between 0 and 1."""
    phase = (torch.arange(frames, dtype=torch.float64) + 0.5) / frames
    return torch.sin(torch.pi / 2 * phase).square().float()
