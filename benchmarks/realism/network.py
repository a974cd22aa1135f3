"""A small network that hears twelve mel frames and says whose the power in the last bands is."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from benchmarks.realism.masks import BANDS
from stemgmd_tools.pieces import GROUPS
from stemgmd_tools.seeds import stream

PAST: Final = 7
FUTURE: Final = 4
"""Frames of 11.6 ms before and after the one that is masked: a context of twelve."""
HIDDEN: Final = 192
BATCH: Final = 512
STEPS: Final = 1500
RATE: Final = 2e-3


class Example(NamedTuple):
    """One excerpt through one kit."""

    log_mel: NDArray[np.float16]
    """(frames, 40) as :func:`benchmarks.realism.masks.log_mel`."""
    shares: NDArray[np.float16]
    """(asked, 5, 40) the best mask of the frames that are asked about."""
    asked: NDArray[np.int32]
    """(asked,) which frames these are."""


class Masker(nn.Module):
    """Two hidden layers; the masks of the five stems add up to 1 in every band."""

    def __init__(self, seed: int) -> None:
        """Draw the weights."""
        super().__init__()
        torch.manual_seed(seed)
        sizes = ((PAST + 1 + FUTURE) * BANDS, HIDDEN, HIDDEN)
        self.hidden = nn.ModuleList(nn.Linear(before, after) for before, after in pairwise(sizes))
        self.out = nn.Linear(HIDDEN, len(GROUPS) * BANDS)

    def forward(self, context: Tensor) -> Tensor:
        """Return masks, shape (frames, 5, 40), of contexts, shape (frames, 12 * 40)."""
        for layer in self.hidden:
            context = torch.relu(layer(context))
        return torch.softmax(self.out(context).view(-1, len(GROUPS), BANDS), dim=1)


def _padded(log_mel: NDArray[np.floating]) -> Tensor:
    edge = np.pad(log_mel.astype(np.float32), ((PAST, FUTURE), (0, 0)), mode="edge")
    return torch.from_numpy(edge)


def trained(examples: Sequence[Example], seed: int, steps: int = STEPS) -> Masker:
    """Return a network that learnt from examples: Adam, a fixed number of steps, each with frames drawn by chance.

    What is made small is the squared error of the masks, weighted with the amplitude of the mixture in each band.
    """
    padded = [_padded(one.log_mel) for one in examples]
    starts = np.cumsum([0, *(len(one) for one in padded)])[:-1]
    frames = torch.cat(padded)
    at = torch.from_numpy(np.concatenate([start + one.asked for start, one in zip(starts, examples, strict=True)]))
    wanted = torch.from_numpy(np.concatenate([one.shares for one in examples]))
    offsets = torch.arange(PAST + 1 + FUTURE)
    network = Masker(seed)
    adam = torch.optim.Adam(network.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    draw = stream(seed, "realism", "batches")
    for _ in range(steps):
        chosen = torch.from_numpy(draw.integers(len(at), size=BATCH))
        context = frames[at[chosen, None] + offsets]
        loudness = 10.0 ** context[:, PAST]  # an amplitude: 20 dB are 1 in what is heard
        error = (network(context.flatten(1)) - wanted[chosen].float()) ** 2 * loudness[:, None]
        adam.zero_grad()
        error.mean().backward()
        adam.step()
        schedule.step()
    return network


def masks_of(network: Masker, log_mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the masks of a whole excerpt, shape (frames, 5, 40)."""
    windows = _padded(log_mel).unfold(0, PAST + 1 + FUTURE, 1).transpose(1, 2)
    with torch.no_grad():
        return np.asarray(network(windows.flatten(1)).numpy())
