"""Time and memory of a training step of a cross-domain transformer, measured in a process of its own.

``python -m benchmarks.studies.htdemucs.attention_cost WAY SEGMENT_S WIDTH HEADS LAYERS`` prints CPU seconds and MB.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import nullcontext
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.attention import SDPBackend, sdpa_kernel

from benchmarks.clock import once
from benchmarks.memory import anonymous_mb, watched
from stemgmd_tools.separation.models.htdemucs_s import BINS, DEPTH, HOP, STRIDE
from stemgmd_tools.separation.networks.cross_transformer import CrossTransformer
from stemgmd_tools.separation.networks.sparse_attention import Sparsity
from stemgmd_tools.separation.training.settings.schema import SAMPLE_RATE

PUBLISHED = Sparsity(0.9, 32, 4)
SPARSE, FUSED, STORED = "sparse", "dense, fused", "dense, scores kept"
WAYS = (SPARSE, FUSED, STORED)


class Cost(NamedTuple):
    """What a step cost."""

    cpu_s: float
    peak_mb: float
    """Most memory beyond the network and its input."""


class Shape(NamedTuple):
    """Size of a transformer."""

    width: int
    heads: int
    layers: int


def places(segment_s: float) -> tuple[int, int, int]:
    """Return rows and columns of the grid of spectra, and the length of the line of sound, of a segment."""
    frames = round(segment_s * SAMPLE_RATE)
    return BINS // STRIDE**DEPTH, -(-frames // HOP) + 1, -(-frames // STRIDE**DEPTH)


def measured(way: str, segment_s: float, shape: Shape) -> Cost:
    """Measure in a process of its own."""
    words = (way, str(segment_s), *map(str, shape))
    command = [sys.executable, "-m", "benchmarks.studies.htdemucs.attention_cost", *words]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return Cost(*map(float, done.stdout.split()))


def step_cost(way: str, segment_s: float, shape: Shape) -> Cost:
    """Return the cost of one forward and backward pass with noise."""
    torch.manual_seed(0)
    transformer = CrossTransformer(*shape, PUBLISHED if way == SPARSE else None).train()
    rows, columns, line = places(segment_s)
    grid, sound = torch.randn(1, shape.width, rows, columns), torch.randn(1, shape.width, line)

    def step(frequencies: Tensor, times: Tensor) -> None:
        with sdpa_kernel(SDPBackend.MATH) if way == STORED else nullcontext():
            outputs = transformer(frequencies, times)
            (outputs[0].square().mean() + outputs[1].square().mean()).backward()

    step(grid[..., :2], sound[..., :8])  # allocates gradients
    before_mb = anonymous_mb()
    with watched() as peak:
        timing = once(lambda: step(grid, sound))
    return Cost(timing.cpu_s, peak[0] - before_mb)


if __name__ == "__main__":
    print(*step_cost(sys.argv[1], float(sys.argv[2]), Shape(*map(int, sys.argv[3:6]))))
