"""Sparse attention by locality-sensitive hashing (LSH), as in Sparse HT Demucs (Rouard et al. 2023), in plain torch."""

from __future__ import annotations

import math
from typing import Any, Final, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from stemgmd_tools import seeds

PAIRS: Final = 2**22
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
    count = 2 * hyperplanes.shape[2]
    with torch.no_grad():
        buckets, key_buckets = _buckets(query, hyperplanes), _buckets(key, hyperplanes)
        least = _least_matches(buckets, key_buckets, count, share)
    attended: Tensor = _InParts.apply(  # type: ignore[no-untyped-call]
        query, key, value, buckets, key_buckets, least, count
    )
    return attended


class _InParts(torch.autograd.Function):
    """Attention of a part of the queries at a time; the backward pass computes the scores of each part again."""

    @staticmethod
    def forward(
        ctx: Any,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        buckets: Tensor,
        key_buckets: Tensor,
        least: Tensor,
        count: int,
    ) -> Tensor:
        """Return the attention (item, head, place, feature)."""
        ctx.save_for_backward(query, key, value, buckets, key_buckets, least)
        ctx.count = count
        rows, codes = _rows(query, key), _codes(key_buckets, count)
        parts = zip(torch.split(query, rows, 2), torch.split(buckets, rows, 2), strict=True)
        return torch.cat([_attended(part, key, value, _codes(own, count), codes, least) for part, own in parts], 2)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradients of query, key and value."""
        query, key, value, buckets, key_buckets, least = ctx.saved_tensors
        key, value = key.detach().requires_grad_(), value.detach().requires_grad_()
        of_query, of_key, of_value = torch.zeros_like(query), torch.zeros_like(key), torch.zeros_like(value)
        rows, codes = _rows(query, key), _codes(key_buckets, ctx.count)
        for start in range(0, query.shape[2], rows):
            own = slice(start, start + rows)
            with torch.enable_grad():
                part = query[:, :, own].detach().requires_grad_()
                output = _attended(part, key, value, _codes(buckets[:, :, own], ctx.count), codes, least)
            own_gradients = torch.autograd.grad(output, (part, key, value), gradients[0][:, :, own])
            of_query[:, :, own] = own_gradients[0]
            of_key += own_gradients[1]
            of_value += own_gradients[2]
        return of_query, of_key, of_value, None, None, None, None


def _rows(query: Tensor, key: Tensor) -> int:
    """Return the number of queries of a part."""
    items, heads, places = query.shape[:3]
    return min(max(PAIRS // (items * heads * key.shape[2]), 1), places)


def _attended(query: Tensor, key: Tensor, value: Tensor, codes: Tensor, key_codes: Tensor, least: Tensor) -> Tensor:
    with torch.no_grad():
        matches = codes @ key_codes.transpose(-1, -2)
        counts = matches >= torch.minimum(least.to(matches.dtype), matches.amax(-1, keepdim=True))
    return functional.scaled_dot_product_attention(query, key, value, attn_mask=counts)


def _buckets(places: Tensor, hyperplanes: Tensor) -> Tensor:
    """Return the bucket of every place in every round, (item, head, place, round), uint8."""
    with torch.autocast(places.device.type, enabled=False):
        sides = torch.einsum("ihpf,frb->ihprb", places.float(), hyperplanes.float())
    return torch.cat([sides, -sides], -1).argmax(-1).to(torch.uint8)


def _codes(buckets: Tensor, count: int) -> Tensor:
    """Return one-hot codes, (item, head, place, round x bucket).

    The product of two is the number of rounds that match, an integer below 256, which is exact in every precision.
    """
    codes = torch.zeros(*buckets.shape, count, device=buckets.device)
    return codes.scatter_(-1, buckets.long()[..., None], 1.0).flatten(-2)


def _least_matches(buckets: Tensor, key_buckets: Tensor, count: int, share: float) -> Tensor:
    """Return the number of rounds in which a pair must match, (item, head, 1, 1)."""
    step = -(-buckets.shape[2] // SAMPLED)
    codes = _codes(buckets[:, :, ::step], count)
    matches = (codes @ _codes(key_buckets, count).transpose(-1, -2)).flatten(2).float()
    left_out = math.ceil(share * matches.shape[-1])
    if left_out == 0:
        return matches.new_zeros((*matches.shape[:2], 1, 1))
    return matches.kthvalue(left_out, -1).values[..., None, None] + 1
