"""Sparse attention by locality-sensitive hashing (LSH), as in Sparse HT Demucs (Rouard et al. 2023), in plain torch."""

from __future__ import annotations

import math
from typing import Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.checkpoint import checkpoint

from stemgmd_tools import seeds

PAIRS: Final = 2**24
"""Pairs of a query and a key whose scores are held at a time, over all items and heads."""
SAMPLED: Final = 128
"""Queries, evenly spaced, from whose pairs the threshold is chosen."""


class Sparsity(NamedTuple):
    """Which pairs of a query and a key attention leaves out."""

    share: float
    """Share of the pairs that is left out at least, 0 <= share < 1."""
    rounds: int
    """Rounds of hashing."""
    buckets: int
    """Buckets of a round, an even number."""


class Hashing(nn.Module):
    """Draws the hyperplanes that put queries and keys into buckets.

    In training they are drawn at every call from torch's generator, which a training run seeds at every step; else they
    are always the same, so that a model is a function of its input.
    """

    fixed: Tensor
    """The hyperplanes outside training, shape (feature, round, buckets / 2); not saved with the weights."""

    def __init__(self, features: int, sparsity: Sparsity) -> None:
        """Draw the fixed hyperplanes.

        :param features: of a query.
        """
        super().__init__()
        shape = (features, sparsity.rounds, sparsity.buckets // 2)
        draw = seeds.stream(0, "attention", "hyperplanes", *shape)
        fixed = torch.from_numpy(seeds.standard_normal(draw, shape)).float()
        self.register_buffer("fixed", fixed, persistent=False)

    def forward(self) -> Tensor:
        """Return hyperplanes of the shape of ``fixed``."""
        return torch.randn_like(self.fixed) if self.training else self.fixed


def sparse_attention(query: Tensor, key: Tensor, value: Tensor, hyperplanes: Tensor, share: float) -> Tensor:
    """Return the attention of queries to those keys that fall into the same bucket in most rounds.

    A pair counts if it matches in at least k rounds; for every item and head, k is the smallest number that leaves out
    the given share of pairs. Where no key of a query does, those that match most often count. At share 0, every pair
    counts. Memory grows with the number of places, not with its square: scores are computed a part of the queries at a
    time, and computed again in the backward pass.

    :param query: (item, head, place, feature).
    :param key: (item, head, other place, feature), as ``value``.
    :param hyperplanes: (feature, round, buckets / 2).
    :param share: of pairs that is left out at least, 0 <= share < 1.
    :return: (item, head, place, feature).
    """
    with torch.no_grad():
        codes, key_codes = _codes(query, hyperplanes), _codes(key, hyperplanes).transpose(-1, -2)
        least = _least_matches(codes, key_codes, share)
    items, heads, places = query.shape[:3]
    rows = min(max(PAIRS // (items * heads * key.shape[2]), 1), places)
    parts = []
    for part, part_codes in zip(torch.split(query, rows, 2), torch.split(codes, rows, 2), strict=True):
        given = (part, key, value, part_codes, key_codes, least)
        parts.append(checkpoint(_attended, *given, use_reentrant=False) if query.requires_grad else _attended(*given))
    return torch.cat(parts, 2)


def matching_pairs(codes: Tensor, key_codes: Tensor, least: Tensor) -> Tensor:
    """Return which pairs count, (item, head, place, other place); of every query at least one."""
    matches = codes @ key_codes
    return matches >= torch.minimum(least.to(matches.dtype), matches.amax(-1, keepdim=True))


def _attended(query: Tensor, key: Tensor, value: Tensor, codes: Tensor, key_codes: Tensor, least: Tensor) -> Tensor:
    with torch.no_grad():
        counts = matching_pairs(codes, key_codes, least)
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=counts)


def _codes(places: Tensor, hyperplanes: Tensor) -> Tensor:
    """Return the bucket of every round as a one-hot code, (item, head, place, round x bucket), float32.

    The product of two codes is the number of rounds that match; it is an integer below 256, exact in every precision.
    """
    with torch.autocast(places.device.type, enabled=False):
        sides = torch.einsum("ihpf,frb->ihprb", places.float(), hyperplanes.float())
        both = torch.cat([sides, -sides], -1)
    return torch.zeros_like(both).scatter_(-1, both.argmax(-1, keepdim=True), 1.0).flatten(-2)


def _least_matches(codes: Tensor, key_codes: Tensor, share: float) -> Tensor:
    """Return the number of rounds in which a pair must match, (item, head, 1, 1)."""
    step = max(-(-codes.shape[2] // SAMPLED), 1)
    matches = (codes[:, :, ::step] @ key_codes).flatten(2).float()
    left_out = math.ceil(share * matches.shape[-1])
    if left_out == 0:
        return matches.new_zeros((*matches.shape[:2], 1, 1))
    return matches.kthvalue(left_out, -1).values[..., None, None] + 1
