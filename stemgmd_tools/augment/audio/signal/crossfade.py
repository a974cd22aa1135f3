"""Cross-fades."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from stemgmd_tools.numerics import elementary


def cosine_fade(frames: int) -> Tensor:
    """Return a fade-in of ``frames`` samples, strictly between 0 and 1."""
    phase = (np.arange(frames) + 0.5) / frames
    return torch.from_numpy(np.square(elementary.sin(np.pi / 2 * phase))).float()
