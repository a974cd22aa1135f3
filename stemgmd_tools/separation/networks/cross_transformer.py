"""The cross-domain transformer of HT Demucs: two sequences with alternating self-attention and cross-attention."""

from __future__ import annotations

import math
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

from stemgmd_tools.separation.networks.sparse_attention import Hashing, Sparsity, sparse_attention

HIDDEN: Final = 4
"""Width of the feed-forward layers, in widths of the sequence."""
SMALL: Final = 1e-4
"""Scale of residual branches at the start (Touvron et al. 2021)."""
LONGEST: Final = 10_000.0
"""Longest period of the position code, over 2 pi."""


class Attention(nn.Module):
    """Multi-head attention of one sequence to another, or to itself.

    :param width: features of a place, a multiple of ``heads``.
    :param sparsity: the pairs to leave out; None: attend to every place.
    """

    def __init__(self, width: int, heads: int, sparsity: Sparsity | None = None) -> None:
        """Make the layers."""
        super().__init__()
        self.heads, self.sparsity = heads, sparsity
        self.hashing = None if sparsity is None else Hashing(width // heads, sparsity)
        self.query = nn.Linear(width, width)
        self.key_value = nn.Linear(width, 2 * width)
        self.out = nn.Linear(width, width)

    def forward(self, looking: Tensor, seen: Tensor) -> Tensor:
        """Return (item, place, width) for the places of ``looking``."""
        query = self.query(looking).reshape(*looking.shape[:2], self.heads, -1).transpose(1, 2)
        key, value = self.key_value(seen).reshape(*seen.shape[:2], 2, self.heads, -1).permute(2, 0, 3, 1, 4)
        if self.sparsity is None or self.hashing is None:
            attended = functional.scaled_dot_product_attention(query, key, value)
        else:
            attended = sparse_attention(query, key, value, self.hashing(), self.sparsity.share)
        output: Tensor = self.out(attended.transpose(1, 2).flatten(-2))
        return output


class TransformerLayer(nn.Module):
    """Attention and a feed-forward network, both residual, normalised before and the whole after.

    :param crossed: attends to the other sequence rather than to its own.
    :param sparsity: see :class:`Attention`.
    """

    def __init__(self, width: int, heads: int, sparsity: Sparsity | None = None, *, crossed: bool) -> None:
        """Make the layers."""
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.other_norm = nn.LayerNorm(width) if crossed else None
        self.attention = Attention(width, heads, sparsity)
        self.attention_scale = nn.Parameter(torch.full((width,), SMALL))
        self.forward_norm = nn.LayerNorm(width)
        self.feed_forward = nn.Sequential(nn.Linear(width, HIDDEN * width), nn.GELU(), nn.Linear(HIDDEN * width, width))
        self.forward_scale = nn.Parameter(torch.full((width,), SMALL))
        self.out_norm = nn.GroupNorm(1, width)

    def forward(self, own: Tensor, other: Tensor) -> Tensor:
        """Return the own sequence (item, place, width), changed."""
        looking = self.norm(own)
        seen = looking if self.other_norm is None else self.other_norm(other)
        own = own + self.attention_scale * self.attention(looking, seen)
        own = own + self.forward_scale * self.feed_forward(self.forward_norm(own))
        output: Tensor = self.out_norm(own.transpose(1, 2)).transpose(1, 2)
        return output


class CrossTransformer(nn.Module):
    """Layers over a grid of frequencies and times and over a line of times; every second layer is crossed.

    :param width: features of a place, a multiple of 4 and of ``heads``.
    :param sparsity: of every attention, to the own and to the other sequence; None: dense.
    """

    def __init__(self, width: int, heads: int, layers: int, sparsity: Sparsity | None = None) -> None:
        """Make the layers."""
        super().__init__()
        self.grid_norm, self.line_norm = nn.LayerNorm(width), nn.LayerNorm(width)

        def layers_of_one() -> nn.ModuleList:
            return nn.ModuleList(TransformerLayer(width, heads, sparsity, crossed=bool(n % 2)) for n in range(layers))

        self.grid, self.line = layers_of_one(), layers_of_one()

    def forward(self, grid: Tensor, line: Tensor) -> tuple[Tensor, Tensor]:
        """Return both, changed: (item, width, frequency, time) and (item, width, time)."""
        width, rows, columns = grid.shape[1:]
        places, times = grid.flatten(2).transpose(1, 2), line.transpose(1, 2)
        places = self.grid_norm(places) + _grid_code(rows, columns, width, places)
        times = self.line_norm(times) + _code(times.shape[1], width, times)
        for of_grid, of_line in zip(self.grid, self.line, strict=True):
            places, times = of_grid(places, times), of_line(times, places)
        return places.transpose(1, 2).reshape(grid.shape), times.transpose(1, 2)


def _code(count: int, width: int, like: Tensor) -> Tensor:
    """Return sines and cosines (place, width) of ``count`` places, from one a place to one in :data:`LONGEST`."""
    rates = torch.exp(torch.linspace(0.0, -math.log(LONGEST), width // 2, device=like.device))
    phases = torch.arange(count, device=like.device)[:, None] * rates
    return torch.cat([phases.cos(), phases.sin()], 1)


def _grid_code(rows: int, columns: int, width: int, like: Tensor) -> Tensor:
    """Return a code (row x column, width): one half of the width tells the column, the other the row."""
    of_column, of_row = _code(columns, width // 2, like), _code(rows, width // 2, like)
    whole = [of_column[None].expand(rows, -1, -1), of_row[:, None].expand(-1, columns, -1)]
    return torch.cat(whole, -1).flatten(0, 1)
