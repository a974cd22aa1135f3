"""The published sizes of HT Demucs, its transformer of another dimension, and sparse attention."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import scaled_dot_product_attention

from stemgmd_tools.separation.networks.cross_transformer import Attention
from stemgmd_tools.separation.networks.registry import ModelSpec, build
from stemgmd_tools.separation.networks.separator import Separator, parameter_count
from stemgmd_tools.separation.networks.sparse_attention import Hashing, Sparsity, sparse_attention
from stemgmd_tools.separation.weights.shapes import unallocated

PRECISION = 0.1e6
"""The paper gives parameters in 0.1 M."""
ROUNDING = 1e-6
"""Sums over keys in another order; outputs are about 0.1."""
PUBLISHED = Sparsity(0.9, 32, 4)
LEFT_OUT = 0.04
"""The threshold is a whole number of rounds, chosen from the pairs of some of the queries."""


def _network(**options: int | float) -> Separator:
    torch.manual_seed(0)
    return build(ModelSpec("htdemucs-s", ("kick", "snare"), {"width": 8, **options}))


@pytest.mark.parametrize(
    ("options", "published", "parameters"),
    [
        ({"layers": 5}, 26.9e6, 26_899_536),
        ({"layers": 7}, 34.0e6, 34_005_072),
        ({"layers": 5, "dimension": 512}, 41.4e6, 41_473_616),
    ],
)
def test_published_sizes(options: dict[str, int], published: float, parameters: int) -> None:
    spec = ModelSpec("htdemucs-s", ("drums", "bass", "other", "vocals"), {"width": 48, **options})
    assert parameter_count(unallocated(spec, build)) == parameters
    assert abs(parameters - published) <= PRECISION


def test_a_transformer_of_another_dimension_is_trained_and_changes_nothing_else() -> None:
    wide, plain = _network(dimension=96).train(), _network()
    mixture = 0.1 * torch.randn(1, 2, 8_000)
    wide(mixture).square().sum().backward()
    assert all(one.grad is not None and bool(one.grad.any()) for one in wide.parameters())
    other = {name for name in wide.state_dict() if not name.startswith(("transformer", "projections"))}
    assert other == {name for name in plain.state_dict() if not name.startswith("transformer")}
    assert wide.state_dict()["projections.0.weight"].shape == (96, 64, 1)


def _pairs(places: int = 300, others: int = 200) -> tuple[torch.Tensor, ...]:
    """Return queries and keys that resemble each other, and values, (2, 2, place, 8)."""
    torch.manual_seed(0)
    return tuple(torch.randn(2, 2, count, 8) for count in (places, others, others))


def test_sparsity_zero_is_dense_attention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stemgmd_tools.separation.networks.sparse_attention.PAIRS", 50_000)  # several parts
    query, key, value = (one.requires_grad_() for one in _pairs())
    planes = Hashing(8, PUBLISHED).eval()()
    sparse = sparse_attention(query, key, value, planes, 0.0)
    dense = scaled_dot_product_attention(query, key, value)
    assert torch.allclose(sparse, dense, rtol=0, atol=ROUNDING)
    ours = torch.autograd.grad(sparse.square().sum(), (query, key, value))
    theirs = torch.autograd.grad(dense.square().sum(), (query, key, value))
    assert all(torch.allclose(own, other, atol=100 * ROUNDING) for own, other in zip(ours, theirs, strict=True))


def test_pairs_that_match_in_few_rounds_are_left_out() -> None:
    query, key, value = _pairs(places=100)  # few enough that the threshold is chosen from all of them
    planes = Hashing(8, PUBLISHED).eval()()

    def buckets(sound: torch.Tensor) -> torch.Tensor:
        sides = torch.einsum("ihpf,frb->ihprb", sound, planes)
        return torch.cat([sides, -sides], -1).argmax(-1)

    matches = (buckets(query)[:, :, :, None] == buckets(key)[:, :, None]).sum(-1)
    for item in range(2):
        for head in range(2):
            own = matches[item, head]
            least = next(k for k in range(34) if float((own < k).double().mean()) >= PUBLISHED.share)
            counts = (own >= least) | (own == own.amax(-1, keepdim=True)) & (own.amax(-1, keepdim=True) < least)
            assert abs(1 - float(counts.double().mean()) - PUBLISHED.share) <= LEFT_OUT
            scores = (query[item, head] @ key[item, head].T / 8**0.5).masked_fill(~counts, -torch.inf)
            expected = scores.softmax(-1) @ value[item, head]
            output = sparse_attention(query, key, value, planes, PUBLISHED.share)[item, head]
            assert float((output - expected).abs().max()) <= 10 * ROUNDING


def test_a_sparse_network_is_a_function_of_its_sound() -> None:
    sparse, mixture = _network(sparsity=0.9).eval(), 0.1 * torch.randn(1, 2, 8_000)
    sparse.load_state_dict(_network().state_dict())  # sparsity has no weights: dense ones load
    with torch.inference_mode():
        torch.manual_seed(1)
        once = sparse(mixture)
        assert torch.equal(sparse(mixture), once)
        assert not torch.equal(_network().eval()(mixture), once)


def test_training_draws_hyperplanes_as_seeded() -> None:
    attention, places = Attention(16, 2, PUBLISHED), torch.randn(1, 64, 16)
    gradients = []
    for seed in (5, 5, 6):
        torch.manual_seed(seed)
        output = attention(places, places)
        gradients.append(torch.autograd.grad(output.square().sum(), attention.query.weight)[0])
    assert torch.equal(gradients[0], gradients[1])
    assert not torch.equal(gradients[0], gradients[2])
